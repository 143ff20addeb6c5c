// What plugins are written with. docs/guide tells how; docs/abi.md what stands behind it.
export { Status, Where, Args, Phase, Level, LogLevel } from './status'
export { Nothing, conf_of } from './conf'
export {
  Directive, Needs, conf, content, directive, header_filter, log_handler, main_conf, on_exit, on_start, phase, script_function, select,
  variable, variable_prefix, warn,
} from './register'
export { Part, body_filter } from './filter'
export { Request, log } from './request'
export { HeaderLine, Response } from './response'
export { Address } from './address'
export { Bytes } from './bytes'
export { Template } from './template'
export { Counter, Gauge, Histogram, counter, gauge, histogram } from './metrics'
export { RpcCall, rpc, rpc_call, rpc_dispatch, rpc_reply } from './rpc'
export { Connections } from './activity'
export { Answer, Ask, fetch, sleep, subrequest } from './waiting'
export { Zone, ZoneResult } from './zone'
