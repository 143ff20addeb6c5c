/** Which page a URL means. */
export class Place {
  /** Of the console itself: it lies below the root. */
  inside: bool = false
  group: string = ''
  command: string = ''
  /** What stands behind `?`; null without one. */
  query: string | null = null

  constructor(readonly root: string) {}

  /** The path of a group's or command's page. */
  path(group: string, command: string = ''): string {
    return command.length == 0 ? `${this.root}/${group}` : `${this.root}/${group}/${command}`
  }
}

/**
 * Takes a URL apart (kamailio.md §5.1): ROOT[/[GROUP[/[COMMAND[?…]]]]]. `root` is '' or begins with a slash. A `?` in
 * front of a command belongs to the name with `strict`; else a query is one anywhere.
 */
export function placeOf(url: string, root: string, strict: bool): Place {
  const place = new Place(root)
  const question = url.indexOf('?')
  let path = url
  if (!strict && question >= 0) {
    path = url.substring(0, question)
    place.query = url.substring(question + 1)
  }
  if (!path.startsWith(root)) return place
  let rest = path.substring(root.length)
  if (rest.length > 0 && rest.charCodeAt(0) != 47) return place
  place.inside = true
  rest = rest.substring(1)
  const slash = rest.indexOf('/')
  place.group = slash < 0 ? rest : rest.substring(0, slash)
  if (slash < 0) return place
  rest = rest.substring(slash + 1)
  const mark = rest.indexOf('?')
  place.command = mark < 0 ? rest : rest.substring(0, mark)
  if (mark >= 0) place.query = rest.substring(mark + 1)
  return place
}
