import * as host from './vespid'
import { Bytes } from './bytes'
import { setup } from './conf'

/**
 * Lets what the plugin knows survive reloads, its own too: `save` gives it as bytes (null: there is nothing to keep), 4 MiB at most, and
 * `restore` of the instance that takes its place is given them with the version of the plugin that saved them. When `restore` returns false,
 * or traps, the new instance starts afresh; with `required` the reload is refused then.
 *
 * Both run when a worker takes a new configuration, between two requests. Each worker hands over its own state. What requests that are still in
 * progress change afterwards is lost, and so is everything when a worker dies: what must not be lost belongs into a zone.
 */
export function state(version: i32, save: () => Uint8Array | null, restore: (version: i32, bytes: Bytes) => bool, required: bool = false): void {
  setup()
  const give = (data: usize): i32 => {
    const bytes = call_indirect<usize>(<u32>data)
    if (bytes != 0) host.state_put(changetype<Uint8Array>(bytes).dataStart, changetype<Uint8Array>(bytes).length)
    return 0
  }
  const take = (data: usize, version: i32, length: i32): i32 => {
    const buffer = new ArrayBuffer(length)
    host.state_read(0, changetype<usize>(buffer), length)
    return call_indirect<i32>(<u32>data, version, changetype<usize>(Bytes.of(buffer, length)))
  }
  host.state(version, give.index, save.index, take.index, restore.index, required ? 1 : 0)
}
