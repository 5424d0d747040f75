/**
 * Every write carries a number of its own, which stands in the statement or its parameters, in the target's table and in the
 * ledger: so each can say of the others what is missing and what is there twice.
 */
const FIRST = 900_000_000_000
const A_ROUND = 10_000_000
const A_CLIENT = 100_000
const NUMBER = /(?<!\d)9\d{11}(?!\d)/g

/** Rounds up to 9,999, clients up to 99, and of each the writes up to 99,999. */
export const numberOf = (round: number, client: number, nth: number): number => FIRST + round * A_ROUND + client * A_CLIENT + nth

/** The same in pgbench's own language, with `round` and `n` set from outside. */
export const NEXT_NUMBER = `\\set n :n + 1\n\\set number ${FIRST} + :round * ${A_ROUND} + :client_id * ${A_CLIENT} + :n\n`

export const numbersIn = (text: string): readonly number[] => (text.match(NUMBER) ?? []).map(Number)
