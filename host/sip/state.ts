/** What a routing script changes about a message and selects read back. The script engine implements it; the message itself never changes. */

/** A further destination (append_branch). `q` is '' for none, else as Kamailio prints it: `0.5`, `1`. */
export interface Branch {
  readonly uri: string
  readonly destination: string
  readonly q: string
}

/** Values of a transaction; the SIP transaction layer fills it, there is none yet. */
export interface TransactionState {
  readonly method: string
  readonly status: number
  readonly request: string
  readonly negativeAckRetransmission: boolean
  readonly localToTag: string
  readonly response: string
  /** −1 none, −2 a local reply, else the branch whose reply went out. */
  readonly relayed: number
  readonly branches: readonly TransactionBranch[]
  /** Last status on the branch of the present reply, −1 outside of a reply route. */
  readonly lastStatus: number
  readonly responseRetransmission: boolean
}

export interface TransactionBranch {
  readonly status: number
  readonly uri: string
  readonly request: string
  readonly response: string | null
}

export interface MessageState {
  /** The rewritten request URI, null while it is the received one. */
  readonly uri: string | null
  /** `$du`, '' when not set. */
  readonly destination: string
  /** Bit set of setflag(). */
  readonly flags: number
  readonly branches: readonly Branch[]
  /** Value of an attribute (AVP) as text, null when there is none. */
  attribute(name: string): string | null
  readonly transaction: TransactionState | null
  /** Local address a message to that URI would be sent from, null when it cannot be told. */
  localAddress(uri: string): string | null
  /** The timer whose route runs, null outside of timer routes. */
  readonly timer: string | null
}
