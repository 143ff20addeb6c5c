import type { Place } from './place.ts'
import { placeSuffix } from './place.ts'

/**
 * A mistake in the configuration or in something that the configuration names (a plugin, a file).
 * `message` is nginx's sentence without its place; `place` where it was found, or null when no place applies;
 * `note` one suggestion ("did you mean …", what to add).
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly place: Place | null
  readonly note: string | null

  constructor(message: string, place: Place | null = null, note: string | null = null) {
    super(message)
    this.place = place
    this.note = note
  }

  /** The message with nginx's place suffix: `unknown directive "foo" in /etc/v.conf:3`. */
  get line(): string {
    return this.message + placeSuffix(this.place)
  }
}

/** A plugin file that cannot be loaded, or a plugin that failed; `plugin` is its name, `note` what to do about it. */
export class PluginError extends Error {
  override readonly name = 'PluginError'
  readonly plugin: string
  readonly note: string | null

  constructor(plugin: string, message: string, note: string | null = null) {
    super(message)
    this.plugin = plugin
    this.note = note
  }
}

/** An operating system failure as nginx prints it: `open() "FILE" failed (2: No such file or directory)`. */
export function systemFailure(call: string, error: unknown): string {
  const e = error as NodeJS.ErrnoException
  return `${call} failed (${errnoText(e)})`
}

/** `2: No such file or directory` for a Node system error, as strerror(3) words it. */
export function errnoText(error: NodeJS.ErrnoException): string {
  const code = error.code ?? ''
  const known = strerror[code]
  if (known !== undefined) return `${Math.abs(error.errno ?? known[0])}: ${known[1]}`
  return `${Math.abs(error.errno ?? 0)}: ${code || error.message}`
}

/** The errors that a server meets in practice, numbered as Linux numbers them and worded as strerror(3) does. */
const strerror: Record<string, [number, string]> = {
  EPERM: [1, 'Operation not permitted'],
  ENOENT: [2, 'No such file or directory'],
  EIO: [5, 'Input/output error'],
  EBADF: [9, 'Bad file descriptor'],
  EAGAIN: [11, 'Resource temporarily unavailable'],
  ENOMEM: [12, 'Cannot allocate memory'],
  EACCES: [13, 'Permission denied'],
  EBUSY: [16, 'Device or resource busy'],
  EEXIST: [17, 'File exists'],
  ENOTDIR: [20, 'Not a directory'],
  EISDIR: [21, 'Is a directory'],
  EINVAL: [22, 'Invalid argument'],
  ENFILE: [23, 'Too many open files in system'],
  EMFILE: [24, 'Too many open files'],
  EFBIG: [27, 'File too large'],
  ENOSPC: [28, 'No space left on device'],
  EROFS: [30, 'Read-only file system'],
  EPIPE: [32, 'Broken pipe'],
  ENAMETOOLONG: [36, 'File name too long'],
  ELOOP: [40, 'Too many levels of symbolic links'],
  EADDRINUSE: [98, 'Address already in use'],
  EADDRNOTAVAIL: [99, 'Cannot assign requested address'],
  ECONNABORTED: [103, 'Software caused connection abort'],
  ECONNRESET: [104, 'Connection reset by peer'],
  ENOTCONN: [107, 'Transport endpoint is not connected'],
  ETIMEDOUT: [110, 'Connection timed out'],
  ECONNREFUSED: [111, 'Connection refused'],
  EHOSTUNREACH: [113, 'No route to host'],
  ESRCH: [3, 'No such process'],
}
