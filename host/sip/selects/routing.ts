/** What the script changed: `@branch…`, `@attr…`, and `@tm…` where there is a transaction. */
import type { Message } from '../message.ts'
import type { SelectRow, Selected } from '../../expr/select/table.ts'
import type { Branch, TransactionBranch, TransactionState } from '../state.ts'

/** Branch indexes count from 0, as in Kamailio. Without an index all branches, joined by commas. */
function branchRow(rest: string, read: (branch: Branch) => string, nests: readonly string[] = []): SelectRow {
  return {
    pattern: `branch.${rest}[n?]`, nests,
    bind: ([index]) => {
      if (index === null) {
        return (m) => {
          const branches = m.state?.branches ?? []
          return branches.length === 0 ? undefined : branches.map(read).join(',')
        }
      }
      if ((index as number) < 0) return 'branches count from 0'
      return (m) => {
        const branch = m.state?.branches[index as number]
        return branch === undefined ? undefined : read(branch)
      }
    },
  }
}

/** Branches. */
export const branchRows: readonly SelectRow[] = [
  { pattern: 'branch.count', bind: () => (m) => String(m.state?.branches.length ?? 0) },
  branchRow('uri', ({ uri }) => uri, ['uri']),
  branchRow('dst_uri', ({ destination }) => destination, ['uri']),
  branchRow('uriq', ({ uri, q }) => q === '' ? uri : `<${uri}>;q=${q}`, ['address']),
  branchRow('q', ({ q }) => q),
]

/** Attributes (module avp). The second name is needed and ignored, as in Kamailio; a missing attribute is an empty text. */
export const attributeRows: readonly SelectRow[] = [
  {
    pattern: 'attr|avp|attribute.*.*', nests: ['address'],
    bind: ([name]) => {
      if (name === '') return 'the name of the attribute is empty'
      return (m) => m.state?.attribute(name as string) ?? ''
    },
  },
]

function transaction(m: Message): TransactionState | null {
  return m.state?.transaction ?? null
}

function tm(pattern: string, read: (t: TransactionState) => Selected): SelectRow {
  return {
    pattern: `tm.${pattern}`,
    bind: () => (m) => {
      const t = transaction(m)
      return t === null ? undefined : read(t)
    },
  }
}

/** Branches of a transaction count from 0. */
function tmBranch(rest: string, read: (branch: TransactionBranch) => Selected): SelectRow {
  return {
    pattern: `tm.uac[n].${rest}`,
    bind: ([index]) => (m) => {
      const branch = transaction(m)?.branches[index as number]
      return branch === undefined ? undefined : read(branch)
    },
  }
}

const flag = (on: boolean): string => on ? '1' : '-1'

/** The module tm. Without a transaction layer `@tm` is "0" and everything else an error. */
export const tmRows: readonly SelectRow[] = [
  { pattern: 'tm', bind: () => (m) => transaction(m) === null ? '0' : '1' },
  tm('method', (t) => t.method),
  tm('uas.status', (t) => String(t.status)),
  tm('uas.request|req', (t) => t.request),
  tm('uas.request|req.neg_ack_retransmission', (t) => flag(t.negativeAckRetransmission)),
  tm('uas.local_to_tag', (t) => t.localToTag),
  tm('uas.response|resp', (t) => t.response),
  tm('uac.count', (t) => String(t.branches.length)),
  tm('uac.relayed', (t) => String(t.relayed)),
  tm('uac.last_status', (t) => t.lastStatus < 0 ? undefined : String(t.lastStatus)),
  tm('uac.response_retransmission', (t) => flag(t.responseRetransmission)),
  tmBranch('status', (branch) => String(branch.status)),
  tmBranch('uri', (branch) => branch.uri),
  tmBranch('response|resp', (branch) => branch.response ?? undefined),
  tmBranch('request|req', (branch) => branch.request),
]
