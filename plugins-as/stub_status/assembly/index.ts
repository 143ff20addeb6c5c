import { Args, Connections, Needs, Nothing, Request, Status, Where, directive, variable } from '@vespid/sdk'

/** `stub_status;`, and `stub_status on;` of old configurations, whose argument says nothing. */
directive('stub_status', Where.Server | Where.Location, Args.NoneOrOne, (conf: Nothing, args: string[]): string | null => null)
  .content((r: Request, conf: Nothing): Status => {
    if (!r.hasMethod('GET') && !r.hasMethod('HEAD')) return Status.NotAllowed
    // nginx's text, with its blanks at the line ends: tools parse it.
    return r.reply(200, 'text/plain',
      `Active connections: ${Connections.active} \n` +
      `server accepts handled requests\n ${Connections.accepted} ${Connections.handled} ${Connections.requests} \n` +
      `Reading: ${Connections.reading} Writing: ${Connections.writing} Waiting: ${Connections.waiting} \n`)
  }, Needs.Nothing)

variable('connections_active', (r: Request): string | null => Connections.active.toString(), null, false)
variable('connections_reading', (r: Request): string | null => Connections.reading.toString(), null, false)
variable('connections_writing', (r: Request): string | null => Connections.writing.toString(), null, false)
variable('connections_waiting', (r: Request): string | null => Connections.waiting.toString(), null, false)
