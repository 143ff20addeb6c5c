/** What a connection is waiting for; decides what bytes that arrive mean and what a timeout means. */
export const State = {
  /** The first byte of a request on a new connection, or the next one on a kept-alive connection. */
  Idle: 0,
  /** Some bytes of a head came. */
  Head: 1,
  /** A request is being answered; what arrives is kept for later. */
  Busy: 2,
  /** The present request reads its body. */
  Body: 3,
  /** The answer is sent, the rest of the body is dropped before the next request. */
  Discard: 4,
  /** Half closed: what arrives is dropped until the client closes (lingering close). */
  Linger: 5,
  Closed: 6,
} as const
export type State = (typeof State)[keyof typeof State]
