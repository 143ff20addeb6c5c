// What plugins are written with. docs/guide tells how; docs/abi.md what stands behind it.
export { Status, Where, Args, Phase, Level, LogLevel, Field } from './status'
export { Nothing, conf_of } from './conf'
export {
  Directive, Needs, conf, content, directive, header_filter, limits, log_handler, main_conf, on_exit, on_start, phase,
  variable, variable_prefix, warn,
} from './register'
export { Part, body_filter, input_filter } from './filter'
export { Filter, FilterType, Over } from './filters'
export { Request, log } from './request'
export { HeaderLine, Response } from './response'
export { Address } from './address'
export { Bytes } from './bytes'
export { Template } from './template'
export {
  Admit, Index, Inner, Param, ParamType, Pv, Regex, Script, event_route, event_server, parameter, pseudo_variable, script_function, transformation,
} from './script'
export { Counter, Gauge, Histogram, counter, gauge, histogram } from './metrics'
export { statistic } from './statistics'
export { RpcCall, rpc, rpc_call, rpc_dispatch, rpc_reply } from './rpc'
export { Outcome, Received, Transport, TransportKind, rpc_exec, rpc_exec_argument, rpc_outcome, rpc_serve } from './transports'
export { Connections } from './activity'
export { Answer, Ask, fetch, sleep, subrequest } from './waiting'
export { Zone, ZoneResult } from './zone'
export { Workers, every, once } from './timers'
export { Cell, Database, Dialect, Params, Rows } from './db'
export { Generation, read_file, read_xml, reason } from './files'
export { Follow, Select, SelectCall, select } from './select'
export { state } from './state'
export { SubrequestStream, subrequest_background, subrequest_ordered, subrequest_stream } from './streams'
export {
  Connection, HookKind, HookOptions, HookPoint, Order, connection_context, connection_hook, declare_hook, hook, note, request_context, server_hook, set_note,
  set_user, user,
} from './hooks'
