/** Pseudo-variables of SIP headers and URIs; undefined where the message has no such thing, as an HTTP request mostly. */
import type { ScriptRunView, ScriptValue } from '../contract.ts'
import type { HostVariable } from '../library.ts'
import type { Message } from '../../sip/message.ts'
import type { Uri } from '../../sip/uri.ts'
import type { ScriptRun } from '../run.ts'
import {
  H_AUTHORIZATION, H_CALL_ID, H_CONTACT, H_FROM, H_PROXY_AUTHORIZATION, H_REFER_TO, H_RPID, H_TO, headerId,
} from '../../sip/names.ts'
import { parseAddress } from '../../sip/address.ts'
import { parameterValue } from '../../sip/params.ts'
import { uriOf } from '../../sip/uri.ts'
import { toText } from '../values.ts'
import { ofMessage } from './message.ts'

type UriPart = (uri: Uri) => ScriptValue
const user: UriPart = (uri) => uri.user === '' ? null : uri.user
const host: UriPart = (uri) => uri.host === '' ? null : uri.host

/** The request URI, or the one that the script has set. */
function requestUri(m: Message): string | null {
  const text = m.state?.uri ?? m.target
  return text === '' || uriOf(text) === null ? null : text
}

/** A part of a URI, null for no URI; HTTP URIs have no parts that SIP asks for. */
function part(text: string | null | undefined, get: UriPart): ScriptValue {
  const uri = text === null || text === undefined ? null : uriOf(text)
  return uri === null ? null : get(uri)
}

const port: UriPart = (uri) => uri.port === '' ? (uri.scheme === 'sips' ? 5061 : 5060) : Number(uri.port)
const protocol: UriPart = (uri) => parameterValue(uri.params, 'transport') ?? (uri.scheme === 'sips' ? 'tls' : 'udp')
const originalUri = (m: Message): string | null => m.target === '' || uriOf(m.target) === null ? null : m.target

const ofRequestUri: readonly HostVariable[] = [
  { ...ofMessage('ru', requestUri), set: (run, _, __, value) => setUri(run, value) },
  ofMessage('rU', (m) => part(requestUri(m), user)), ofMessage('rd', (m) => part(requestUri(m), host)),
  ofMessage('rp', (m) => part(requestUri(m), port)), ofMessage('rP', (m) => part(requestUri(m), protocol)),
  ofMessage('rz', (m) => part(requestUri(m), (uri) => uri.scheme)),
  ofMessage('ou', originalUri), ofMessage('oU', (m) => part(originalUri(m), user)), ofMessage('od', (m) => part(originalUri(m), host)),
  ofMessage('op', (m) => part(originalUri(m), port)), ofMessage('oP', (m) => part(originalUri(m), protocol)),
  { ...ofMessage('du', destination), set: (run, _, __, value) => setDestination(run, value) },
  ofMessage('dd', (m) => part(destination(m), host)), ofMessage('dp', (m) => part(destination(m), port)),
  ofMessage('dP', (m) => part(destination(m), protocol)), ofMessage('ds', (m) => destination(m)),
  ofMessage('br', () => null), ofMessage('bR', () => null),
]

/** Undefined brings the received URI back. */
function setUri(run: ScriptRunView, value: ScriptValue): boolean {
  (run as ScriptRun).uri = value === null ? null : toText(value)
  return true
}

function setDestination(run: ScriptRunView, value: ScriptValue): boolean {
  (run as ScriptRun).destination = toText(value)
  return true
}

function destination(m: Message): string | null {
  const text = m.state?.destination ?? ''
  return text === '' ? null : text
}

/** `$fu` and its relatives for a header with one address. */
function ofAddress(prefix: string, id: number, nameSuffix: string, tagSuffix: string): HostVariable[] {
  const uriText = (m: Message): string | null => m.parsed.address(id)?.uri ?? null
  return [
    ofMessage(`${prefix}u`, uriText), ofMessage(`${prefix}U`, (m) => part(uriText(m), user)), ofMessage(`${prefix}d`, (m) => part(uriText(m), host)),
    ofMessage(prefix + nameSuffix, (m) => { const name = m.parsed.address(id)?.name ?? ''; return name === '' ? null : name }),
    ofMessage(prefix + tagSuffix, (m) => m.parsed.address(id)?.param('tag') ?? null),
    ofMessage(`${prefix}ti`, () => null), ofMessage(`${prefix}ts`, () => null),
  ]
}

/** A header that holds one address, by its name. */
function addressOf(m: Message, name: string): string | null {
  const line = m.find(headerId(name), name, 0)
  return line < 0 ? null : parseAddress(m.value(line))?.uri ?? null
}

function headerText(name: string): (m: Message) => ScriptValue {
  const id = headerId(name)
  return (m) => {
    const line = m.find(id, name, 0)
    return line < 0 ? null : m.value(line)
  }
}

/** A parameter of the Digest credentials. */
function credential(name: string): (m: Message) => string | null {
  return (m) => {
    for (const id of [H_AUTHORIZATION, H_PROXY_AUTHORIZATION]) {
      const found = m.parsed.credentials(id)[0]
      if (found !== undefined && found !== null) return found.parameters.get(name) ?? null
    }
    return null
  }
}

const username = credential('username')

function identity(prefix: string, name: string): HostVariable[] {
  const text = (m: Message): string | null => addressOf(m, name)
  return [ofMessage(`${prefix}u`, text), ofMessage(`${prefix}U`, (m) => part(text(m), user)), ofMessage(`${prefix}d`, (m) => part(text(m), host))]
}

export const sipVariables: readonly HostVariable[] = [
  ...ofRequestUri, ...ofAddress('f', H_FROM, 'n', 't'), ...ofAddress('t', H_TO, 'n', 't'),
  ofMessage('ci', (m) => m.parsed.header(H_CALL_ID)), ofMessage('cs', (m) => m.parsed.cseq?.number ?? null),
  ofMessage('csb', (m) => m.parsed.cseq === null ? null : `${m.parsed.cseq.number} ${m.parsed.cseq.method}`),
  ofMessage('ct', (m) => m.parsed.header(H_CONTACT)), ofMessage('rt', (m) => m.parsed.address(H_REFER_TO)?.uri ?? null),
  ofMessage('re', (m) => m.parsed.address(H_RPID)?.uri ?? null),
  ofMessage('di', (m) => addressOf(m, 'diversion')), ofMessage('dir', () => null), ofMessage('dic', () => null),
  ofMessage('ai', (m) => addressOf(m, 'p-asserted-identity')), ...identity('p', 'p-preferred-identity'),
  ofMessage('prc', headerText('privacy')),
  ofMessage('au', username), ofMessage('ar', credential('realm')), ofMessage('adu', credential('uri')),
  ofMessage('ad', (m) => { const name = username(m); const at = name?.indexOf('@') ?? -1; return at < 0 ? credential('realm')(m) : name!.slice(at + 1) }),
  ofMessage('aU', (m) => { const name = username(m); const at = name?.indexOf('@') ?? -1; return at < 0 ? name : name!.slice(0, at) }),
  ofMessage('aa', credential('algorithm')), ofMessage('adn', credential('nonce')), ofMessage('adc', credential('cnonce')),
]
