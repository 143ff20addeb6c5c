import { Args, LogLevel, Needs, Request, Status, Where, content, directive, rpc_reply } from '@vespid/sdk'
import { wholeNumber } from '@vespid/sdk/ascii'
import { foreign, foreignNote } from './pages'
import './script'

const hint = 'This is a JSON-RPC 2.0 endpoint: send calls with POST, for example\n\n' +
  '  curl -H \'Content-Type: application/json\' -d \'{"jsonrpc":"2.0","method":"system.listMethods","id":1}\' '

/** What a caller is told whose command would change the server. */
const readOnly = '"jsonrpcs_write on;" in this location allows it; "vespid rpc" may always call it'

/** The most calls of a batch unless the configuration says otherwise: what one request can make the server do has a bound. */
const defaultBatch: i32 = 100
const mostBatch: i32 = 1000000

/** Fields are −1 until a directive, here or around here, sets them. */
class Conf {
  write: i32 = -1
  batch: i32 = -1
}

function merge(parent: Conf, child: Conf): void {
  if (child.write < 0) child.write = parent.write
  if (child.batch < 0) child.batch = parent.batch
}

const where = Where.Http | Where.Server | Where.Location

directive<Conf>('jsonrpcs_write', where, Args.Flag, (conf: Conf, args: string[]): string | null => {
  if (conf.write >= 0) return 'is duplicate'
  conf.write = args[1].toLowerCase() == 'on' ? 1 : 0
  return null
}, merge)

directive<Conf>('jsonrpcs_batch', where, 1, (conf: Conf, args: string[]): string | null => {
  if (conf.batch >= 0) return 'is duplicate'
  const value = wholeNumber(args[1], mostBatch)
  if (value < 0) return `invalid number "${args[1]}" in "jsonrpcs_batch" directive, it must be between 0 and ${mostBatch}`
  conf.batch = <i32>value
  return null
}, merge)

content<Conf>('jsonrpcs', (r: Request, conf: Conf): Status => {
  if (!r.hasMethod('POST')) {
    r.response.set('Allow', 'POST')
    const host = r.header('host')
    return r.reply(405, 'text/plain', hint + `http://${host === null ? r.host : host}${r.path}\n`)
  }
  if (foreign(r)) {
    r.log(LogLevel.Error, 'json-rpc call from a web page without "Content-Type: application/json"')
    return r.reply(415, 'text/plain', foreignNote)
  }
  return rpc_reply('application/json', conf.write == 1 ? '' : readOnly, conf.batch < 0 ? defaultBatch : conf.batch)
}, Where.Location | Where.LocationIf | Where.LimitExcept, Needs.Body)
