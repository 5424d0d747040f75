import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Run by npm after each install, under the Node that npm itself has, hence JavaScript. All platform packages of Node bring a
 * bin called `node`, and npm 10 (it comes with Node 20 and 22), when it drops the packages of other platforms, removes
 * node_modules/.bin/node with them. This puts it back.
 */
const MODULES = new URL('../node_modules/', import.meta.url)
const LINK = new URL('.bin/node', MODULES)

const platform = `${process.platform}-${process.arch}`
const brought = [`node-${platform}`, `node-bin-${platform}`].find((name) => existsSync(new URL(`${name}/bin/node`, MODULES)))
if (brought && !existsSync(LINK)) {
  mkdirSync(new URL('.bin', MODULES), { recursive: true })
  rmSync(LINK, { force: true })
  symlinkSync(`../${brought}/bin/node`, fileURLToPath(LINK))
}
