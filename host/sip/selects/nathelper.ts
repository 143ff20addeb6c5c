/** `@nathelper.rewrite_contact[n]`: contact `n` with the address that the message came from in the place of its host and port. */
import type { SelectRow, Selected } from '../../expr/select/table.ts'
import type { Address } from '../address.ts'
import type { Endpoint } from '../message.ts'
import type { Uri } from '../uri.ts'
import { uriOf } from '../uri.ts'

function rewritten(contact: Address, { address, port }: Endpoint): Selected {
  const uri = uriOf(contact.uri)
  if (uri === null || uri.host === '') return undefined
  const name = contact.name === '' ? '' : `${contact.name} `
  return `${name}<${withServer(uri, address.includes(':') ? `[${address}]` : address, port)}>${contact.params === '' ? '' : `;${contact.params}`}`
}

function withServer(uri: Uri, host: string, port: number): string {
  const user = uri.user === '' ? '' : `${uri.user}${uri.password === '' ? '' : `:${uri.password}`}@`
  const params = uri.params === '' ? '' : `;${uri.params}`
  return `${uri.scheme}:${user}${host}:${port}${params}${uri.headers === '' ? '' : `?${uri.headers}`}`
}

/** The module's rows. */
export const nathelperRows: readonly SelectRow[] = [
  {
    pattern: 'nathelper.rewrite_contact[n]', nests: ['nameaddr'],
    bind: ([index]) => (m) => {
      const contact = m.parsed.contacts[(index as number) - 1]
      return contact === undefined || contact === null || m.transport === null ? undefined : rewritten(contact, m.transport.source)
    },
  },
]
