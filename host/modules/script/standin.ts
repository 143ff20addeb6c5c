import type { Message } from '../../sip/message.ts'
import type { MessageState } from '../../sip/state.ts'
import { SipMessage } from '../../sip/sipmessage.ts'
import { HttpSubject } from './subject.ts'

/** The message that a route runs on which has none of its own: what `$rm`, `$si`, `$hdr(…)` and the like then tell. */
const text = 'OPTIONS sip:nobody@localhost SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1\r\n' +
  'From: <sip:nobody@localhost>;tag=1\r\nTo: <sip:nobody@localhost>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n'
const here = { address: '127.0.0.1', port: 5060 }
const transport = { protocol: 'udp', source: here, destination: here }

/**
 * An HTTP request of which the script sees nothing but what a plugin shows: Kamailio's microhttpd runs its route on a SIP
 * message that it makes up.
 */
export class StandInSubject extends HttpSubject {
  #message: SipMessage | null = null
  #state: MessageState | null = null

  override get message(): Message { return this.#message ??= this.make() }

  override begin(state: MessageState): void { this.#state = state }

  private make(): SipMessage {
    const made = new SipMessage(text, transport)
    made.state = this.#state
    return made
  }
}
