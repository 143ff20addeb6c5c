import * as host from './vespid'
import * as text from './text'

/** Why the last file could not be read or the last database not be opened. */
export function reason(): string {
  text.begin()
  let n = host.reason(text.room(), text.roomSize())
  if (text.short(n)) n = host.reason(text.out, n)
  return text.decode(text.out, n)
}

function read(path: string, format: i32): string | null {
  text.begin()
  text.put(path)
  const at = text.at
  const length = text.length
  let n = host.file_read(at, length, format, text.room(), text.roomSize())
  if (text.short(n)) n = host.file_read(at, length, format, text.out, n)
  return text.answered(n)
}

/**
 * The text of a file (UTF-8, at most 4 MiB), or null, and then `reason()` says why. The configuration must allow it: `plugin NAME { allow file PATH; }`.
 * What was read is remembered by the server until `Generation.next()`; `fresh` reads it anew, and remembers nothing.
 */
export function read_file(path: string, fresh: bool = false): string | null { return read(path, fresh ? 2 : 0) }

/** The same for an XML document: JSON, `[name, {attributes}, text, [elements]]`. One with a document type or entities of its own is refused. */
export function read_xml(path: string, fresh: bool = false): string | null { return read(path, fresh ? 3 : 1) }

/** A number that all instances of the plugin in all workers share: by it they notice that a file is to be read again. */
export class Generation {
  /** The number now. */
  static current(): i32 { return host.generation(0) }
  /** One more: files are read anew from now on, in every worker. */
  static next(): i32 { return host.generation(1) }
}
