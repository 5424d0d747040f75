const encoder = new TextEncoder()

/**
 * A body that is read as fast as it is taken. What fails on the way is told, and breaks the connection, so that nobody takes it for the end. `cancel` is called
 * when the reader leaves.
 */
export function streamed(lines: AsyncGenerator<string>, failed: (error: unknown) => void, cancel: () => Promise<unknown> | void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const { done, value } = await lines.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      } catch (error) {
        failed(error)
        controller.error(error)
      }
    },
    cancel: async () => void (await cancel()),
  })
}
