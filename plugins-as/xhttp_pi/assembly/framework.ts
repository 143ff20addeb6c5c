// The framework: which databases, tables and commands there are, read from Kamailio's XML file.
import { Database, reason } from '@vespid/sdk'
import { Json } from '@vespid/sdk/json'

/** Types of columns, in the order of `typeNames`. */
export enum Type { Int = 0, Bigint = 1, Double = 2, String = 3, Str = 4, Datetime = 5, Blob = 6, Bitmap = 7 }
const typeNames = ['DB1_INT', 'DB1_BIGINT', 'DB1_DOUBLE', 'DB1_STRING', 'DB1_STR', 'DB1_DATETIME', 'DB1_BLOB', 'DB1_BITMAP']
export enum Validate { None = 0, Uri = 1, UriIpv4Host = 2, HostPort = 3, Ipv4Port = 4, Ipv4 = 5 }
const validateNames = ['', 'URI', 'URI_IPV4HOST', 'P_HOST_PORT', 'P_IPV4_PORT', 'IPV4']
export enum Kind { Query = 0, Insert = 1, Update = 2, Delete = 3, Replace = 4 }
const kindNames = ['DB1_QUERY', 'DB1_INSERT', 'DB1_UPDATE', 'DB1_DELETE', 'DB1_REPLACE']
const operators = ['<', '>', '=', '<=', '>=', '!=']
/** Written columns are named a, b, c … in URLs. */
const mostWritten = 25

export class Column {
  constructor(readonly field: string, readonly type: Type, readonly validate: Validate) {}

  get isText(): bool { return this.type == Type.String || this.type == Type.Str || this.type == Type.Blob }
}

class Table {
  name: string = ''
  urlId: string = ''
  columns: Column[] = []
  constructor(readonly id: string) {}

  column(field: string): Column | null {
    for (let i = 0; i < this.columns.length; i++) if (this.columns[i].field == field) return this.columns[i]
    return null
  }
}

/** A column as a command uses it. */
export class Use {
  operator: string = ''
  labels: string[] = []
  values: string[] = []
  link: string = ''
  constructor(readonly column: Column) {}

  get field(): string { return this.column.field }
}

export class Command {
  kind: Kind = Kind.Query
  clauses: Use[] = []
  columns: Use[] = []
  order: string = ''
  constructor(readonly name: string, readonly table: Table) {}

  get writes(): bool { return this.kind != Kind.Query }
}

export class Mod {
  commands: Command[] = []
  constructor(readonly name: string) {}

  command(name: string): Command | null {
    for (let i = 0; i < this.commands.length; i++) if (this.commands[i].name == name) return this.commands[i]
    return null
  }
}

export class Framework {
  mods: Mod[] = []
  tables: Table[] = []
  /** Databases by their ids; a reload keeps them. */
  urlIds: string[] = []
  databases: Database[] = []

  mod(name: string): Mod | null {
    for (let i = 0; i < this.mods.length; i++) if (this.mods[i].name == name) return this.mods[i]
    return null
  }
  table(id: string): Table | null {
    for (let i = 0; i < this.tables.length; i++) if (this.tables[i].id == id) return this.tables[i]
    return null
  }
  database(table: Table): Database { return this.databases[this.urlIds.indexOf(table.urlId)] }
}

/** What is wrong with the file that was read last; `''` when nothing is. */
export let problem = ''

// @ts-ignore: decorator
@inline
function fail(message: string): bool {
  if (problem == '') problem = message
  return false
}

// --- elements of the compact form: [name, {attributes}, text, [elements]]

function nameOf(e: Json): string { return e.at(0)!.text.toLowerCase() }
function textOf(e: Json): string { return e.at(2)!.text }
function attribute(e: Json, name: string): string {
  const all = e.at(1)!
  for (let i = 0; i < all.length; i++) if (all.key(i).toLowerCase() == name) return all.at(i)!.text
  return ''
}
function elements(e: Json, name: string): Json[] {
  const all = e.at(3)!
  const found: Json[] = []
  for (let i = 0; i < all.length; i++) if (nameOf(all.at(i)!) == name) found.push(all.at(i)!)
  return found
}
function child(e: Json, name: string): string {
  const found = elements(e, name)
  return found.length == 0 ? '' : textOf(found[0])
}

/**
 * Reads a document; null, and `problem` says why, when it breaks a rule. `before`: on a reload the framework whose databases stay. `strict`: unknown validations
 * of 3, 11 and 12 letters are ignored and IPV4 is refused, as Kamailio does.
 */
export function readFramework(document: string, strict: bool, before: Framework | null): Framework | null {
  problem = ''
  const root = Json.parse(document)
  if (root === null || nameOf(root) != 'framework') {
    fail('no framework node in config file')
    return null
  }
  const f = new Framework()
  if (readUrls(f, root, before) && readTables(f, root, strict) && readMods(f, root)) return f
  return null
}

function readUrls(f: Framework, root: Json, before: Framework | null): bool {
  if (before !== null) {
    f.urlIds = before.urlIds
    f.databases = before.databases
    return true
  }
  const list = elements(root, 'db_url')
  const urls: string[] = []
  for (let i = 0; i < list.length; i++) {
    const id = attribute(list[i], 'id')
    const url = textOf(list[i])
    if (id == '') return fail('no id for db_url')
    if (f.urlIds.includes(id)) return fail(`duplicated db_url id [${id}]`)
    if (url == '') return fail(`no URL in db_url [${id}]`)
    if (urls.includes(url)) return fail(`duplicated URL in db_url [${id}]`)
    const database = Database.open(url)
    if (database === null) return fail(`db_url [${id}]: ${reason()}`)
    urls.push(url)
    f.urlIds.push(id)
    f.databases.push(database)
  }
  return list.length > 0 || fail('no db_url node in config file')
}

function readTables(f: Framework, root: Json, strict: bool): bool {
  const list = elements(root, 'db_table')
  for (let i = 0; i < list.length; i++) {
    const e = list[i]
    const id = attribute(e, 'id')
    if (id == '') return fail('no id for db_table')
    if (f.table(id) !== null) return fail(`duplicated db_table id [${id}]`)
    const table = new Table(id)
    table.name = child(e, 'table_name')
    table.urlId = child(e, 'db_url_id')
    if (table.name == '') return fail(`no table_name for db_table [${id}]`)
    if (table.urlId == '') return fail(`no db_url_id for db_table [${id}]`)
    if (!f.urlIds.includes(table.urlId)) return fail(`bogus db_url_id [${table.urlId}] for db_table [${id}]`)
    if (!readColumns(table, e, strict)) return false
    f.tables.push(table)
  }
  return list.length > 0 || fail('no db_table node in config file')
}

function readColumns(table: Table, e: Json, strict: bool): bool {
  const list = elements(e, 'column')
  for (let i = 0; i < list.length; i++) {
    const field = child(list[i], 'field')
    const type = child(list[i], 'type')
    const validate = child(list[i], 'validate')
    if (field == '') return fail(`no field for column in db_table [${table.id}]`)
    if (table.column(field) !== null) return fail(`duplicated field [${field}] in db_table [${table.id}]`)
    if (type == '') return fail(`no type for column [${field}] in db_table [${table.id}]`)
    const kind = typeNames.indexOf(type)
    if (kind < 0) return fail(`unexpected type [${type}] for db_table column type (column [${field}] of db_table [${table.id}])`)
    let check = validateNames.indexOf(validate)
    const odd = validate.length == 3 || validate.length == 11 || validate.length == 12
    if (check < 0 && strict && odd) check = Validate.None
    if (check < 0 || (strict && check == Validate.Ipv4)) {
      return fail(`unexpected validation flag [${validate}] for db_table column validate (column [${field}] of db_table [${table.id}])`)
    }
    table.columns.push(new Column(field, <Type>kind, <Validate>check))
  }
  return list.length > 0 || fail(`no column for db_table [${table.id}]`)
}

function readMods(f: Framework, root: Json): bool {
  const list = elements(root, 'mod')
  for (let i = 0; i < list.length; i++) {
    const name = child(list[i], 'mod_name')
    if (name == '') return fail('no mod_name for mod')
    if (f.mod(name) !== null) return fail(`duplicated mod [${name}]`)
    const mod = new Mod(name)
    const commands = elements(list[i], 'cmd')
    for (let k = 0; k < commands.length; k++) if (!readCommand(f, mod, commands[k])) return false
    if (!checkLinks(mod)) return false
    f.mods.push(mod)
  }
  return list.length > 0 || fail('no mod node in config file')
}

function readCommand(f: Framework, mod: Mod, e: Json): bool {
  const name = child(e, 'cmd_name')
  if (name == '') return fail(`no cmd_name in mod [${mod.name}]`)
  const where = `mod [${mod.name}] cmd [${name}]`
  if (mod.command(name) !== null) return fail(`duplicated mod ${mod.name} cmd [${name}]`)
  const id = child(e, 'db_table_id')
  const table = f.table(id)
  if (table === null) return fail(id == '' ? `no db_table_id for ${where}` : `bogus db_table_id [${id}] for ${where}`)
  const command = new Command(name, table)
  const type = child(e, 'cmd_type')
  const kind = kindNames.indexOf(type)
  if (kind < 0) return fail(`unexpected cmd_type [${type}] for ${where}`)
  command.kind = <Kind>kind
  const clauses = readUses(e, 'clause_cols', table, where)
  const columns = readUses(e, 'query_cols', table, where)
  const order = readUses(e, 'order_by_cols', table, where)
  if (clauses === null || columns === null || order === null) return false
  command.clauses = clauses
  command.columns = columns
  if (order.length > 0) command.order = order[0].field
  mod.commands.push(command)
  return checkCommand(command, type, where)
}

function checkCommand(command: Command, type: string, where: string): bool {
  const kind = command.kind
  const clauses = command.clauses
  const columns = command.columns
  const order = command.order
  const takesClauses = kind == Kind.Query || kind == Kind.Update || kind == Kind.Delete
  if (!takesClauses && clauses.length > 0) return fail(`unexpected clause_cols for ${where}: a ${type} has none`)
  if (kind == Kind.Delete && clauses.length == 0) return fail(`no clause_cols for ${where}: a ${type} needs them`)
  if (kind == Kind.Delete && columns.length > 0) return fail(`unexpected query_cols for ${where}: a ${type} has none`)
  if (kind != Kind.Delete && columns.length == 0) return fail(`no query_cols for ${where}`)
  if (kind != Kind.Query && order != '') return fail(`unexpected order_by_cols for ${where}: a ${type} has none`)
  if (kind != Kind.Query && columns.length > mostWritten) return fail(`too many query_cols for ${where}: ${mostWritten} are allowed`)
  return true
}

/** The columns of a block; null after a mistake. */
function readUses(e: Json, block: string, table: Table, where: string): Use[] | null {
  const uses: Use[] = []
  const blocks = elements(e, block)
  if (blocks.length == 0) return uses
  const cols = elements(blocks[0], 'col')
  if (cols.length == 0) {
    fail(`no col in ${block} of ${where}`)
    return null
  }
  for (let i = 0; i < cols.length; i++) {
    const field = child(cols[i], 'field')
    const column = table.column(field)
    if (column === null) {
      fail(`invalid field [${field}] in ${where} ${block} col for [${table.id}]`)
      return null
    }
    const use = new Use(column)
    if (block == 'clause_cols') {
      use.operator = child(cols[i], 'operator')
      if (!operators.includes(use.operator)) {
        fail(use.operator == '' ? `no operator for field [${field}] in ${where} clause_cols` : `unexpected operator [${use.operator}] for field [${field}] in ${where} clause_cols`)
        return null
      }
    }
    use.link = child(cols[i], 'link_cmd')
    const values = elements(cols[i], 'value')
    for (let k = 0; k < values.length; k++) {
      const label = attribute(values[k], 'id')
      use.labels.push(label == '' ? textOf(values[k]) : label)
      use.values.push(textOf(values[k]))
    }
    uses.push(use)
  }
  return uses
}

function checkLinks(mod: Mod): bool {
  for (let i = 0; i < mod.commands.length; i++) {
    const command = mod.commands[i]
    for (let k = 0; k < command.columns.length; k++) {
      const link = command.columns[k].link
      if (link != '' && mod.command(link) === null) return fail(`invalid link_cmd [${link}] in mod [${mod.name}] cmd [${command.name}]`)
    }
  }
  return true
}
