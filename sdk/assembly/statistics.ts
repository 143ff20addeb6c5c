import * as host from './vespid'
import * as text from './text'
import { setup } from './conf'

/**
 * Shows a number under `GROUP:NAME` among the server's statistics (`stats.get_statistics`, `$stat(NAME)`, metrics). `read` is called when somebody asks,
 * in any worker: what it gives holds for the whole server, so it is to be read from a zone.
 */
export function statistic(name: string, help: string, read: () => f64): void {
  setup()
  const enter = (data: usize): f64 => call_indirect<f64>(<u32>data)
  text.begin()
  text.put(name)
  const at = text.at
  const length = text.length
  text.put(help)
  host.statistic(at, length, text.at, text.length, enter.index, read.index)
}
