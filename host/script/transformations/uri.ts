import type { ScriptValue, TransformationClass } from '../contract.ts'
import type { Uri } from '../../sip/uri.ts'
import type { Operation } from './table.ts'
import { textArgument } from '../arguments.ts'
import { parameterValue } from '../../sip/params.ts'
import { lowerAscii } from '../../sip/scan.ts'
import { uriOf } from '../../sip/uri.ts'
import { cannot, plain, transformationClass, withArguments } from './table.ts'

function part(get: (uri: Uri) => string): Operation {
  return plain((text, run) => {
    const uri = uriOf(text)
    return uri === null || uri.scheme === 'http' || uri.scheme === 'https' ? cannot(run, `invalid URI "${text.slice(0, 80)}"`) : get(uri)
  })
}

function parameter(name: string): Operation {
  return part(({ params }) => parameterValue(params, name) ?? '')
}

const param = withArguments(1, 1, ([name]) => {
  const wanted = textArgument(name!)
  return (text, run): ScriptValue => {
    const uri = uriOf(text)
    return uri === null ? cannot(run, `invalid URI "${text.slice(0, 80)}"`) : parameterValue(uri.params, lowerAscii(wanted(run))) ?? ''
  }
})

const aor = (uri: Uri): string => (uri.user === '' ? '' : `${uri.user}@`) + uri.host

/** `{uri.…}`: parts of a SIP or tel URI, '' for what is missing. */
export const uriTransformations: TransformationClass = transformationClass('uri', new Map<string, Operation>([
  ['user', part(({ user }) => user)], ['passwd', part(({ password }) => password)],
  ['host', part(({ host }) => host)], ['port', part(({ port }) => port)],
  ['params', part(({ params }) => params)], ['headers', part(({ headers }) => headers)], ['scheme', part(({ scheme }) => scheme)],
  ['param', param],
  ['transport', parameter('transport')], ['ttl', parameter('ttl')], ['uparam', parameter('user')], ['maddr', parameter('maddr')],
  ['method', parameter('method')], ['lr', parameter('lr')], ['r2', parameter('r2')],
  ['saor', part((uri) => `${uri.scheme}:${aor(uri)}`)], ['suri', part((uri) => `${uri.scheme}:${aor(uri)}${uri.port === '' ? '' : `:${uri.port}`}`)],
  ['duri', part((uri) => `${uri.scheme}:${uri.host}${uri.port === '' ? '' : `:${uri.port}`}${proto(uri)}`)], ['tosocket', plain(() => '')],
]))

function proto(uri: Uri): string {
  const value = parameterValue(uri.params, 'transport')
  return typeof value === 'string' ? `;transport=${value}` : ''
}
