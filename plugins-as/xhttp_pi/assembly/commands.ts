// What the commands do: their arguments checked, and the statement made of them, with a parameter for every value.
import { Cell, Database, Dialect, LogLevel, Params, Rows, log } from '@vespid/sdk'
import { Arguments } from './arguments'
import { Column, Command, Framework, Kind, Type, Use } from './framework'
import { settings } from './settings'
import { checkForm, fitsType, isNumber, julianDay, julianText, readTime, secondsText } from './validate'

/** What came of a command. */
export class Outcome {
  /** What the user is told; `''` when rows are shown. */
  message: string = ''
  /** The command did what it is for. */
  done: bool = false
  /** The user's arguments are at fault. */
  refused: bool = false
  rows: Rows | null = null
}

/** Names of written columns in URLs. */
export function letter(i: i32): string { return String.fromCharCode(97 + i) }

/** The value that `use` is given; null after a mistake, which `outcome` tells. */
function argumentOf(args: Arguments, use: Use, name: string, clause: bool, i: i32, outcome: Outcome): string | null {
  const value = args.take(name)
  const which = clause ? 'clause' : 'query'
  outcome.refused = true
  const column = use.column
  if (value === null) {
    outcome.message = `No argument for ${which} field #${i}: ${column.field}.`
    return null
  }
  if (value.length == 0) {
    if (!clause && column.isText) {
      outcome.refused = false
      return value
    }
    outcome.message = `Empty argument for ${which} field #${i}: ${column.field}.`
    return null
  }
  if (!fitsType(column, value, settings.strict)) outcome.message = `Bogus field ${column.field} [${value}].`
  else if (!settings.strict && use.values.length > 0 && !use.values.includes(value)) outcome.message = `Value [${value}] is not offered for ${column.field}.`
  else outcome.message = clause ? '' : checkForm(column, value)
  if (outcome.message != '') return null
  outcome.refused = false
  return value
}

/** Adds a value of a column's type. */
function bind(params: Params, column: Column, value: string, dialect: Dialect): void {
  if (value.length == 0) {
    params.none()
    return
  }
  switch (column.type) {
    case Type.Int: case Type.Bigint: case Type.Bitmap: params.int(I64.parseInt(value)); return
    case Type.Double: {
      const number = F64.parseFloat(value)
      params.double(isNaN(number) ? 0 : number)
      return
    }
    case Type.Datetime: {
      const time = readTime(value)
      if (dialect == Dialect.Sqlite && settings.strict) params.double(julianDay(time))
      else params.time(time)
      return
    }
    case Type.Blob: {
      if (dialect == Dialect.Postgres) params.blob(value)
      else params.text(value)
      return
    }
    default: params.text(value)
  }
}

/** ` where …` with its parameters; null after a mistake. */
function whereOf(command: Command, args: Arguments, database: Database, params: Params, outcome: Outcome): string | null {
  let sql = ''
  for (let i = 0; i < command.clauses.length; i++) {
    const use = command.clauses[i]
    const value = argumentOf(args, use, i.toString(), true, i, outcome)
    if (value === null) return null
    sql += `${i == 0 ? ' where ' : ' and '}${database.quote(use.field)} ${use.operator} ?`
    bind(params, use.column, value, database.dialect)
  }
  return sql
}

/** Runs a command with its arguments; `page` counts from 0 and is for queries. */
export function run(f: Framework, command: Command, args: Arguments, page: i32): Outcome {
  const outcome = new Outcome()
  const database = f.database(command.table)
  switch (command.kind) {
    case Kind.Query: query(database, command, args, page, outcome); break
    case Kind.Insert: insert(database, command, args, outcome, 'insert'); break
    case Kind.Replace: insert(database, command, args, outcome, 'replace'); break
    case Kind.Update: update(database, command, args, outcome); break
    default: remove(database, command, args, outcome)
  }
  return outcome
}

function query(database: Database, command: Command, args: Arguments, page: i32, outcome: Outcome): void {
  const params = new Params()
  const where = whereOf(command, args, database, params, outcome)
  if (where === null) return
  const size = settings.page
  const names: string[] = []
  for (let i = 0; i < command.columns.length; i++) names.push(database.quote(command.columns[i].field))
  const order: string[] = []
  if (command.order != '') order.push(database.quote(command.order))
  // Pages need an order; Kamailio's answers have none but the one that was asked for.
  const first = command.columns[0].column
  if (first.type != Type.Blob && first.field != command.order && !(settings.strict && page == 0)) order.push(names[0])
  const sql = `select ${names.join(', ')} from ${database.quote(command.table.name)}${where}${order.length == 0 ? '' : ` order by ${order.join(', ')}`}` +
    ` limit ${size + 1} offset ${<i64>page * size}`
  const rows = database.query(sql, params, size + 1)
  if (rows.error != '') return failed(outcome, command, rows, 'Error while querying database.')
  outcome.done = true
  outcome.rows = rows
}

function failed(outcome: Outcome, command: Command, rows: Rows, message: string): void {
  log(LogLevel.Error, `xhttp_pi: command ${command.name} on ${command.table.name}: ${rows.error}`)
  outcome.message = message
}

/** The statement has been run: what the user is told. */
function finish(outcome: Outcome, command: Command, rows: Rows, good: string, bad: string, one: bool): void {
  if (rows.error != '') return failed(outcome, command, rows, bad)
  if (one && rows.affected == 0 && !settings.strict) {
    outcome.message = `${bad} No record matches.`
    outcome.refused = true
    return
  }
  outcome.done = true
  outcome.message = good
}

function insert(database: Database, command: Command, args: Arguments, outcome: Outcome, verb: string): void {
  const params = new Params()
  const names: string[] = []
  const marks: string[] = []
  for (let i = 0; i < command.columns.length; i++) {
    const use = command.columns[i]
    const value = argumentOf(args, use, letter(i), false, i, outcome)
    if (value === null) return
    names.push(database.quote(use.field))
    marks.push('?')
    bind(params, use.column, value, database.dialect)
  }
  const table = database.quote(command.table.name)
  const replaces = verb == 'replace'
  const postgres = database.dialect == Dialect.Postgres
  const conflict = replaces && postgres ? onConflict(database, command, names) : ''
  const rows = database.query(`${replaces && postgres ? 'insert' : verb} into ${table} (${names.join(', ')}) values (${marks.join(', ')})${conflict}`, params)
  if (replaces) finish(outcome, command, rows, 'Record successfully replaced.', 'Unable to replace record.', false)
  else finish(outcome, command, rows, 'Record successfully added to db.', 'Unable to add record to db.', false)
}

/** PostgreSQL has no REPLACE: the record with the same key is changed. The key is the first unique one whose columns are all written. */
function onConflict(database: Database, command: Command, names: string[]): string {
  const keys = database.query('select i.indexrelid::bigint, a.attname::text from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey) ' +
    'where i.indrelid = to_regclass(?) and i.indisunique and i.indpred is null and i.indexprs is null order by not i.indisprimary, i.indexrelid',
    new Params().text(database.quote(command.table.name)))
  let from = 0
  while (from < keys.count) {
    let to = from
    let all = true
    const key: string[] = []
    for (; to < keys.count && keys.int(to, 0) == keys.int(from, 0); to++) {
      const name = `"${keys.text(to, 1).replaceAll('"', '""')}"`
      if (!names.includes(name)) all = false
      key.push(name)
    }
    if (all) {
      const sets: string[] = []
      for (let i = 0; i < names.length; i++) if (!key.includes(names[i])) sets.push(`${names[i]} = excluded.${names[i]}`)
      return ` on conflict (${key.join(', ')}) do ${sets.length == 0 ? 'nothing' : `update set ${sets.join(', ')}`}`
    }
    from = to
  }
  return ''
}

function update(database: Database, command: Command, args: Arguments, outcome: Outcome): void {
  const params = new Params()
  const ofClause = new Params()
  const where = whereOf(command, args, database, ofClause, outcome)
  if (where === null) return
  const sets: string[] = []
  const values: string[] = []
  for (let i = 0; i < command.columns.length; i++) {
    const use = command.columns[i]
    const value = argumentOf(args, use, letter(i), false, i, outcome)
    if (value === null) return
    sets.push(`${database.quote(use.field)} = ?`)
    values.push(value)
  }
  for (let i = 0; i < values.length; i++) bind(params, command.columns[i].column, values[i], database.dialect)
  params.add(ofClause)
  const rows = database.query(`update ${database.quote(command.table.name)} set ${sets.join(', ')}${where}`, params)
  finish(outcome, command, rows, 'Record successfully updated.', 'Unable to update record.', true)
}

function remove(database: Database, command: Command, args: Arguments, outcome: Outcome): void {
  const params = new Params()
  const where = whereOf(command, args, database, params, outcome)
  if (where === null) return
  const rows = database.query(`delete from ${database.quote(command.table.name)}${where}`, params)
  finish(outcome, command, rows, 'Record successfully deleted from db.', 'Unable to delete record.', true)
}

/** What a form is filled with: values by the names of its inputs; `lost`: why there is none. */
export class Filled {
  clauses: string[] = []
  values: string[] = []
  found: bool = false
  message: string = ''
}

/** `cmd=pre`: the record that a link names, for the form that changes it. */
export function prefill(f: Framework, command: Command, args: Arguments): Filled {
  const filled = new Filled()
  if (command.kind != Kind.Update || command.clauses.length != 1) {
    if (!settings.strict) for (let i = 0; i < command.clauses.length; i++) {
      const value = args.take(command.clauses[i].field)
      filled.clauses.push(value === null ? '' : value)
    }
    filled.found = true
    return filled
  }
  const clause = command.clauses[0]
  const value = args.take(clause.field)
  if (value === null) {
    filled.found = true
    return filled
  }
  if (value.length == 0 || !fitsType(clause.column, value, settings.strict)) {
    filled.message = `Bogus field ${clause.field} [${value}].`
    return filled
  }
  const database = f.database(command.table)
  const names: string[] = []
  for (let i = 0; i < command.columns.length; i++) names.push(database.quote(command.columns[i].field))
  const params = new Params()
  bind(params, clause.column, value, database.dialect)
  const rows = database.query(`select ${names.join(', ')} from ${database.quote(command.table.name)} where ${database.quote(clause.field)} = ? limit 2`, params, 2)
  if (rows.error != '') {
    log(LogLevel.Error, `xhttp_pi: command ${command.name} on ${command.table.name}: ${rows.error}`)
    filled.message = 'Error while querying database.'
  } else if (rows.count != 1) filled.message = rows.count == 0 ? `There is no record with ${clause.field} [${value}].` : `There are several records with ${clause.field} [${value}].`
  else fill(filled, command, rows, value)
  return filled
}

function fill(filled: Filled, command: Command, rows: Rows, value: string): void {
  filled.clauses.push(value)
  for (let i = 0; i < command.columns.length; i++) {
    const column = command.columns[i].column
    if (!rows.isText(0, i)) {
      filled.message = `${column.field} holds bytes that are no text; it cannot be changed here.`
      return
    }
    filled.values.push(cellText(rows, 0, i, column, true))
  }
  filled.found = true
}

/** A value as it is shown, by its column's type; `''` for nothing. `editing`: as it is given back. */
export function cellText(rows: Rows, row: i32, i: i32, column: Column, editing: bool = false): string {
  const strict = settings.strict
  const nothing = rows.isNull(row, i)
  switch (column.type) {
    case Type.Int: case Type.Bigint: case Type.Bitmap: return nothing ? (strict ? '0' : '') : rows.kind(row, i) == Cell.Text ? rows.text(row, i) : rows.int(row, i).toString()
    case Type.Double: {
      if (strict) return padded(rows.double(row, i))
      return rows.text(row, i)
    }
    case Type.Datetime: {
      const text = nothing ? (strict ? '1970-01-01 00:00:00' : '') : timeText(rows, row, i)
      return strict && !editing ? `'${text}'` : text
    }
    default: return rows.text(row, i)
  }
}

/** SQLite has no type of dates: a real is a Julian day, a whole number seconds since the epoch, a text what it says. */
function timeText(rows: Rows, row: i32, i: i32): string {
  switch (rows.kind(row, i)) {
    case Cell.Double: return julianText(rows.double(row, i))
    case Cell.Int: return secondsText(rows.int(row, i))
    default: {
      const text = rows.text(row, i)
      if (text.length < 19 && isNumber(text)) return julianText(F64.parseFloat(text))
      return text.length > 19 && readTime(text.substring(0, 19)) != '' ? text.substring(0, 19) : text
    }
  }
}

/** `%-10f` of C. */
function padded(value: f64): string {
  if (!isFinite(value)) return value.toString()
  const negative = value < 0
  const magnitude = Math.abs(value)
  if (magnitude >= 1e12) return value.toString()
  const millionths = <i64>Math.round(magnitude * 1e6)
  const text = `${negative ? '-' : ''}${millionths / 1000000}.${(millionths % 1000000).toString().padStart(6, '0')}`
  return text.padEnd(10, ' ')
}
