import type { Request } from '../../http/request.ts'
import type { LateReply, ScriptSubject } from '../../script/contract.ts'
import type { Message } from '../../sip/message.ts'
import type { MessageState } from '../../sip/state.ts'
import { debugLevel } from './live.ts'
import { errorLogLevel } from '../../script/loglevels.ts'
import { messageOf } from '../../sip/httpmessage.ts'

/**
 * An HTTP request as a script runs on it. The answer is kept until the route has ended, so that what it says of the
 * connection (`set_reply_close`, a
 * negative result) is in its head; it leaves at once when the route begins to wait.
 */
export class HttpSubject implements ScriptSubject {
  readonly request: Request
  /** The route has answered. */
  replied = false
  code = 0
  reason = ''
  contentType = ''
  body = ''
  /** Lines of append_to_reply, each with its end. */
  headers = ''
  /** set_reply_close was called. */
  close = false
  /** An answer that is on its way. */
  late: Promise<LateReply> | null = null
  private readonly quietAbove: number

  /** `quietAbove`: lines of a higher level are not logged (Kamailio's `debug`). */
  constructor(request: Request, quietAbove: number) {
    this.request = request
    this.quietAbove = quietAbove
  }

  get message(): Message { return messageOf(this.request) }

  /** Most routes look at nothing for which the message is needed: it is made when somebody does. */
  begin(state: MessageState): void {
    const { request } = this
    request.scriptState = state
    if (request.message !== null) request.message.state = state
  }

  reply(code: number, reason: string, contentType: string, body: string): boolean {
    if (this.replied || this.request.headerSent || this.request.finished) return false
    this.replied = true
    this.code = code
    this.reason = reason
    this.contentType = contentType
    this.body = body
    return true
  }

  replyLater(answer: Promise<LateReply>): boolean {
    if (!this.reply(200, 'OK', '', '')) return false
    this.late = answer
    return true
  }

  /** Takes the late answer, when it has come. */
  take({ code, reason, type, body }: LateReply): void {
    this.late = null
    this.code = code
    this.reason = reason
    this.contentType = type
    this.body = body
  }

  appendReplyHeader(lines: string): boolean {
    if (this.replied) return false
    this.headers += lines.endsWith('\n') ? lines : `${lines}\r\n`
    return true
  }

  closeAfterReply(): void { this.close = true }

  log(level: number, text: string): void {
    if (level > debugLevel(this.request.running.cycle.number, this.quietAbove)) return
    this.request.log(errorLogLevel(level), text)
  }
}
