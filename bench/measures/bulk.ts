import { LightClient } from '../kit/client.ts'
import type { Sizes } from '../kit/options.ts'
import { processorTime } from '../kit/process.ts'
import { against, type Report, type Row } from '../kit/report.ts'
import { inTurn, pluck } from '../kit/rounds.ts'
import type { Side } from '../kit/side.ts'

const MIB = 1024 * 1024
/** Of COPY: a thousand and the end of the line, as exports are. */
const LINE_BYTES = 1_024

/** Large answers: a COPY out and a SELECT of many small rows, made by the server as it goes, so that no disk is in it. */
export async function bulk(sides: readonly Side[], { rounds, copyMib, rows }: Sizes): Promise<Report> {
  const lines = Math.round((copyMib * MIB) / LINE_BYTES)
  const copy = `COPY (SELECT repeat('x', ${LINE_BYTES - 1}) FROM generate_series(1, ${lines})) TO STDOUT`
  const select = `SELECT n FROM generate_series(1, ${rows}) AS n`
  return {
    rows: [
      ...(await large(sides, rounds, 'COPY out', `${copyMib.toLocaleString('en')} MiB, ${LINE_BYTES} bytes a line`, copy)),
      ...(await large(sides, rounds, 'SELECT', `${rows.toLocaleString('en')} rows of one integer`, select)),
    ],
    about: ['bulk is read by a client that counts bytes and looks at no row, the same on every way; the rate is of bytes as the client got them'],
  }
}

interface Sample {
  readonly rate: number
  readonly cpu: number
}

async function large(sides: readonly Side[], rounds: number, measure: string, load: string, text: string): Promise<readonly Row[]> {
  const samples = await inTurn(
    sides,
    rounds,
    (side) => read(side, text),
    ({ rate }) => `${rate.toFixed(0)} MiB/s`,
    measure,
  )
  const rate = pluck(samples, (sample) => sample.rate)
  const { direct: _, ...cpu } = pluck(samples, (sample) => sample.cpu)
  return [
    { measure, load, unit: 'MiB/s', samples: rate, bars: [...against(rate, 'pgbouncer', 0.7), ...against(rate, 'direct', 0.9)] },
    { measure: 'its CPU', load, unit: 'µs a MiB', samples: cpu, bars: [], detail: true },
  ]
}

async function read(side: Side, text: string): Promise<Sample> {
  const client = await LightClient.login(side)
  const cpu = side.pid === null ? Number.NaN : processorTime(side.pid)
  const start = performance.now()
  const mib = (await client.discard(text)) / MIB
  const seconds = (performance.now() - start) / 1000
  const spent = side.pid === null ? Number.NaN : processorTime(side.pid) - cpu
  await client.close()
  return { rate: mib / seconds, cpu: spent / mib }
}
