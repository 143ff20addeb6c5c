import { Args, Request, Template, Where, directive, header_filter } from '@vespid/sdk'

/** What responses are stamped with; null: nothing. */
class Conf { text: Template | null = null }

directive<Conf>('stamp', Where.Http | Where.Server | Where.Location, Args.OneOrMore, (conf: Conf, args: string[]): string | null => {
  if (conf.text !== null) return 'is duplicate'
  conf.text = Template.compile(args.slice(1).join(' '))
  return null
})

header_filter<Conf>((r: Request, conf: Conf): void => {
  const text = conf.text
  if (text === null) return
  r.response.set('X-Stamp', text.of(r))
  // Nobody needs to know what the applications behind are made with.
  r.response.remove('x-powered-by')
})
