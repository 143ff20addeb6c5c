/** What the commands about the server itself need of it; the master implements it, and workers ask the master. */
import type { Zone } from '../core/zones.ts'
import type { PluginFacts } from '../wasm/plugins.ts'

/** How one serving thread is doing. */
export interface ThreadStatus {
  readonly pid: number
  readonly thread: number
  readonly role: 'master' | 'worker' | 'single'
  /** Number of the configuration that new requests get. */
  readonly cycle: number
  /** Configurations that still have requests, the current one included. */
  readonly cycles: number
  readonly accepted: number
  readonly requests: number
  readonly connections: number
  readonly reading: number
  readonly writing: number
  readonly waiting: number
  /** Bytes of the thread's JavaScript heap in use. */
  readonly heap: number
  /** Bytes that it may grow to. */
  readonly heapLimit: number
}

/** One open connection, as Kamailio's core.tcp_list shows it. */
export interface ConnectionFacts {
  readonly id: number
  readonly type: string
  readonly state: string
  /** Seconds until it is closed when nothing happens, and of how many. */
  readonly timeout: number
  readonly lifetime: number
  readonly ref_count: number
  readonly src_ip: string
  readonly src_port: number
  readonly dst_ip: string
  readonly dst_port: number
}

/** How a module is doing in one thread: `thread`, and what the module tells. */
export type ModuleReport = Readonly<Record<string, unknown>>

/** What a reload did. */
export interface ReloadReport {
  /** Number of the configuration that is in use now. */
  readonly configuration: number
  readonly milliseconds: number
  /** Warnings of the new configuration. */
  readonly warnings: readonly string[]
}

export interface ServerControl {
  /** When the server started, milliseconds since the epoch. */
  readonly started: number
  threads(): Promise<ThreadStatus[]>
  /** The open connections of all workers. */
  connections(): Promise<readonly ConnectionFacts[]>
  /** Builds the configuration anew and takes it into use. Throws RpcError with the problems when it is refused; then nothing has changed. */
  reload(): Promise<ReloadReport>
  /** Begins to end the server; returns before it has ended. */
  shutdown(graceful: boolean): void
  /** Opens the log files again. */
  reopen(): Promise<void>
  /** The main error log's level by name; with `level` it is changed first, until the next reload. */
  logLevel(level?: string): Promise<string>
  /** Ends a worker thread at once; the pool replaces it. False when there is no such worker. */
  restartWorker(thread: number): boolean
  plugins(): readonly PluginFacts[]
  /** How a plugin is doing, in each thread that serves. */
  reports(plugin: string): Promise<readonly ModuleReport[]>
  /** The key/value zones of the configuration in use. */
  zones(): readonly Zone[]
  loadPlugin(file: string): Promise<ReloadReport>
  reloadPlugin(name: string): Promise<ReloadReport>
  unloadPlugin(name: string): Promise<ReloadReport>
  /** Which server, location and steps a request would take. */
  explain(method: string, target: string, options: { readonly host: string, readonly listen: string }): unknown
}
