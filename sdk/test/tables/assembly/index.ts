// A plugin of somebody else's that reads files and asks databases; test/server/plugin-databases.test.ts asks for it.
import { Cell, Database, Params, Request, Status, content, directive, read_file, read_xml, reason, Where } from '@vespid/sdk'

class Conf {
  url: string = ''
  file: string = ''
}

directive<Conf>('table_database', Where.Location, 1, (c: Conf, args: string[]): string | null => { c.url = args[1]; return null })
directive<Conf>('table_file', Where.Location, 1, (c: Conf, args: string[]): string | null => { c.file = args[1]; return null })

/** The query string is the statement, percent-decoded; each row is a line. */
content<Conf>('table_query', (r: Request, c: Conf): Status => {
  const database = Database.open(c.url)
  if (database === null) return r.reply(403, 'text/plain', reason())
  const rows = database.query(decodeURIComponent(r.args), new Params().int(i64.MAX_VALUE).text('é').none(), 5, 2000)
  if (rows.error != '') return r.reply(500, 'text/plain', rows.error)
  let text = `${rows.columns.join(',')}\n`
  for (let i = 0; i < rows.count; i++) {
    for (let k = 0; k < rows.columns.length; k++) text += (k > 0 ? ',' : '') + (rows.kind(i, k) == Cell.Null ? 'NULL' : rows.text(i, k))
    text += '\n'
  }
  return r.reply(200, 'text/plain', text + (rows.more ? 'more\n' : ''))
})

content<Conf>('table_read', (r: Request, c: Conf): Status => {
  const text = r.args == 'xml' ? read_xml(c.file) : read_file(c.file)
  return text === null ? r.reply(403, 'text/plain', reason()) : r.reply(200, 'text/plain', text)
})
