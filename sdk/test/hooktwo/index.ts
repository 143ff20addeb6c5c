// The neighbour of hookone: comes before it where hookone asks for that, and attaches to its hook.
import { Request, Status, Where, directive, hook, note, set_note, server_hook, sleep } from '@vespid/sdk'

class Conf { refuse: string = '' }

directive<Conf>('hooks_second', Where.Http | Where.Server | Where.Location, 1, (c: Conf, args: string[]): string | null => {
  c.refuse = args[1]
  return null
}, (parent: Conf, child: Conf): void => { if (child.refuse == '') child.refuse = parent.refuse })

function add(text: string): void {
  const before = note('trace')
  set_note('trace', before === null ? text : before + ' ' + text)
}

hook<Conf>('fixups', (r: Request, c: Conf): Status => {
  add('two:fixups')
  return Status.Ok
})
hook<Conf>('post_read_request', (r: Request, c: Conf): Status => {
  sleep(1)
  add('two:post_read_request')
  return Status.Declined
}, { before: ['hookone'] })
hook<Conf>('hookone.greet', (r: Request, c: Conf): Status => {
  add('two:greet')
  return <Status>418
}, { optional: true })
server_hook('check_config', (): string | null => null)
