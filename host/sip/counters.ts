/** Counting of SIP messages under Kamailio's names (core/statistics.ts). */
import { statistics } from '../core/statistics.ts'

const cell = (name: string): number => statistics.index('core', name)
const requests = cell('rcv_requests')
const responses = cell('rcv_replies')
const forwardedRequests = cell('fwd_requests')
const forwardedReplies = cell('fwd_replies')
const bad = cell('bad_msg_hdr')
const dropped = cell('drop_requests')
const droppedReplies = cell('drop_replies')
const acks = statistics.index('sl', 'received_ACKs')
const methods: ReadonlyMap<string, number> = new Map([
  'ACK', 'BYE', 'CANCEL', 'INFO', 'INVITE', 'MESSAGE', 'NOTIFY', 'OPTIONS', 'PRACK', 'PUBLISH', 'REFER', 'REGISTER', 'SUBSCRIBE', 'UPDATE',
].map((name) => [name, cell(`rcv_requests_${name.toLowerCase()}`)]))
const classes = [1, 2, 3, 4, 5, 6].map((n) => cell(`rcv_replies_${n}xx`))

/** What one worker's SIP counts. */
export const sipCounts = {
  request(method: string): void {
    statistics.add(requests)
    const own = methods.get(method)
    if (own !== undefined) statistics.add(own)
  },
  /** A response with the digits of its status. */
  response(status: string): void {
    statistics.add(responses)
    const own = classes[status.charCodeAt(0) - 49]
    if (own !== undefined) statistics.add(own)
  },
  forwardedRequest(): void { statistics.add(forwardedRequests) },
  forwardedReply(): void { statistics.add(forwardedReplies) },
  /** A message that is none. */
  bad(): void { statistics.add(bad) },
  dropped(): void { statistics.add(dropped) },
  droppedReply(): void { statistics.add(droppedReplies) },
  /** An ACK for an answer of this server. */
  ack(): void { statistics.add(acks) },
  reply(code: number): void { statistics.reply(code) },
} as const
