import * as host from './vespid'

/**
 * Connections and requests of the whole server, all workers together; those of other workers are a tenth of a second
 * old at most.
 */
export class Connections {
  /** Connections that were accepted since the start. */
  static get accepted(): i64 { return <i64>host.activity(0) }
  /** Those that were served, and not closed at once. */
  static get handled(): i64 { return <i64>host.activity(1) }
  /** Requests since the start. */
  static get requests(): i64 { return <i64>host.activity(2) }
  /** Open connections. */
  static get active(): i64 { return <i64>host.activity(3) }
  /** Connections whose request head is arriving. */
  static get reading(): i64 { return <i64>host.activity(4) }
  /** Connections whose request is being answered. */
  static get writing(): i64 { return <i64>host.activity(5) }
  /** Connections that wait for a request. */
  static get waiting(): i64 { return <i64>host.activity(6) }
}
