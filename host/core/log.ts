/** nginx's log levels; a log writes a line whose level is not above its own. */
export const Level = {
  stderr: 0, emerg: 1, alert: 2, crit: 3, error: 4, warn: 5, notice: 6, info: 7, debug: 8,
} as const

export type Level = (typeof Level)[keyof typeof Level]

/** The level names in order, as they stand in `[…]` of a log line. */
export const levelNames = ['stderr', 'emerg', 'alert', 'crit', 'error', 'warn', 'notice', 'info', 'debug'] as const

/** Adds ` while …, client: …, server: …, request: …` to a line; a connection or a request is one. */
export interface LogContext {
  /** Connection serial number for `*N`, or 0 outside of a connection. */
  readonly logSerial: number
  /** The text to append to a message, starting with `, ` or ` while `, or the empty string. */
  logSuffix(): string
}

/** The error log of a place (main, server, location): several files may stand behind it (nginx.md §9). */
export interface Log {
  /** The most verbose level that any of its outputs takes; test it before building an expensive message. */
  readonly level: number
  /** Writes one line; never throws; cuts at 2048 bytes; `who` adds connection and request. */
  write(level: Level, message: string, who?: LogContext): void
}
