/** How JSON-RPC is spoken where Kamailio's clients call: what a plugin chooses, and what an answer carries besides its text. */

/** How documents are read and answers are written. */
export interface Dialect {
  /** As Kamailio does, its oddities included (kamailio.md §2.3 to §2.9); else JSON-RPC 2.0 in Kamailio's layout. */
  readonly strict: boolean
  /** Kamailio's layout with tabs, which kamctl reads; else no white space. */
  readonly pretty: boolean
  /** The answer goes to the fifo that the request names; a request without a name is not run. */
  readonly replyName: boolean
  /** The most calls of a batch; 0: any number. */
  readonly batch: number
  /** The directory into which `store_path` may write answers; '' none. */
  readonly store: string
  /** Not '': commands that change the server are refused with this note. */
  readonly readOnly: string
}

/** The answer to a document. */
export interface Outcome {
  /** Byte string (UTF-8); '' when nothing is to be sent. */
  readonly text: string
  /** Kamailio's code: 200, or the fault's where that can be an HTTP status. */
  readonly code: number
  readonly reason: string
  /** The document was JSON, by the dialect's rules. */
  readonly readable: boolean
  /** `reply_name` of the request; null: it has none. */
  readonly replyName: string | null
}

const words = new Map<string, Dialect>()

/** Reads a dialect as plugins write it: words `strict`, `pretty`, `reply_name`, `batch=N`, then perhaps a line `store=DIRECTORY` and one `readonly=NOTE`. */
export function readDialect(text: string): Dialect {
  const known = words.get(text)
  if (known !== undefined) return known
  const [first = '', ...lines] = text.split('\n')
  const flags = first.split(' ')
  const line = (name: string): string => lines.find((l) => l.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
  const batch = Number(flags.find((f) => f.startsWith('batch='))?.slice(6) ?? 0)
  const dialect: Dialect = {
    strict: flags.includes('strict'), pretty: flags.includes('pretty'), replyName: flags.includes('reply_name'),
    batch: Number.isSafeInteger(batch) && batch > 0 ? batch : 0, store: line('store'), readOnly: line('readonly'),
  }
  if (words.size > 256) words.clear()
  words.set(text, dialect)
  return dialect
}
