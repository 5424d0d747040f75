/*
 * Loaded before a gateway (`node --import`): SIGUSR2 has it fail as a mistake of its own would, by an error that nobody catches.
 */
process.on('SIGUSR2', () => {
  setImmediate(() => {
    throw new Error('a planted mistake')
  })
})
