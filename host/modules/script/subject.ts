import type { Request } from '../../http/request.ts'
import type { ScriptSubject } from '../../script/contract.ts'
import type { Message } from '../../sip/message.ts'
import { Level } from '../../core/log.ts'
import { HttpMessage } from '../../sip/httpmessage.ts'

/** Kamailio's levels, −5 alert to 3 debug, as the error log has them; −4 (bug) and −3 are crit. */
const levels = [Level.alert, Level.crit, Level.crit, Level.crit, Level.error, Level.warn, Level.notice, Level.info, Level.debug] as const

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
  private readonly quietAbove: number
  private view: HttpMessage | null = null

  /** `quietAbove`: lines of a higher level are not logged (Kamailio's `debug`). */
  constructor(request: Request, quietAbove: number) {
    this.request = request
    this.quietAbove = quietAbove
  }

  get message(): Message { return this.view ??= new HttpMessage(this.request) }

  reply(code: number, reason: string, contentType: string, body: string): boolean {
    if (this.replied || this.request.headerSent || this.request.finished) return false
    this.replied = true
    this.code = code
    this.reason = reason
    this.contentType = contentType
    this.body = body
    return true
  }

  appendReplyHeader(lines: string): boolean {
    if (this.replied) return false
    this.headers += lines.endsWith('\n') ? lines : `${lines}\r\n`
    return true
  }

  closeAfterReply(): void { this.close = true }

  log(level: number, text: string): void {
    if (level > this.quietAbove) return
    this.request.log(levels[Math.max(-5, Math.min(3, level)) + 5]!, text)
  }
}
