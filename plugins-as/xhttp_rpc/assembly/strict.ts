// The pages in the structure of Kamailio 5.6 (kamailio.md §5.3, §5.4), faults and all: what it does not escape is not
// escaped here.
import { Request } from '@vespid/sdk'
import { broken, decoded } from '@vespid/sdk/form'
import { Page } from '@vespid/sdk/html'
import { Outcome, run } from './call'
import { Command, commands, find, groupsOf, ofGroup } from './catalog'
import { Lines } from './result'
import { Place, placeOf } from './url'
import { wordsOf } from './words'

/** `?arg=`, of which only the length counts. */
const argument: i32 = 4
/** Rows that the form is beside. */
const formRows: i32 = 5

/** The answer to a request for `root`, as Kamailio gives it: any method, the URL alone. */
export function kamailioPage(r: Request, root: string, limit: i32): Page {
  const line = r.line
  const first = line.indexOf(' ')
  const last = line.lastIndexOf(' ')
  const place = placeOf(line.substring(first + 1, last > first ? last : line.length), root, true)
  const all = commands()
  if (all === null) return page(500, 'Internal Server Error', '')
  if (!place.inside) return bad(all, place, 'Bad URL')
  if (place.group.length == 0) return page(200, 'OK', menu(all, place) + '\n')
  const group = ofGroup(all, place.group)
  if (group.length == 0) {
    place.group = ''
    return bad(all, place, 'Bad URL')
  }
  if (place.command.length == 0 && place.query === null) {
    return page(200, 'OK', menu(all, place) + list(group, place, null))
  }
  const command = find(group, place.command)
  const query = place.query
  if (command === null || query !== null && query.length < argument) return bad(all, place, 'Bad URL')
  if (query === null) return page(200, 'OK', menu(all, place) + list(group, place, command))
  const text = decoded(query.substring(argument))
  if (broken) return bad(all, place, 'Bad arg in URL')
  return resultPage(all, place, command, run(command, wordsOf(text, false)!, limit, true))
}

/** What happened is told in the cell beside the command's name. */
function resultPage(all: Command[], place: Place, command: Command, outcome: Outcome): Page {
  const text = outcome.status == 200 ? new Lines('<br/>', true).result(outcome.result, command.isArray) : ''
  const rows = `<tr>\n   <td width="10%">${link(place, command)}</td>\n` +
    `   <td>${outcome.status}: ${outcome.reason}</td>\n</tr>\n<tr>\n   <td></td>\n   <td><pre>${text}</pre></td>\n</tr>\n`
  return page(outcome.status, outcome.reason, menu(all, place) + tableOf(rows))
}

function bad(all: Command[], place: Place, reason: string): Page {
  const end = place.group.length == 0 ? '' : '</tbody></table>\n'
  return page(500, reason, menu(all, place) + `<pre>500: ${reason}</pre>${end}\n`)
}

function menu(all: Command[], place: Place): string {
  const groups = groupsOf(all)
  let out = '<table border="0" cellpadding="3" cellspacing="0"><tbody><tr>\n'
  for (let i = 0; i < groups.length; i++) {
    const one = `<a href='${place.path(groups[i])}'>${groups[i]}</a>`
    out += groups[i] == place.group ? `<td><b>${one}</b><td>\n` : `<td>${one}<td>\n`
  }
  return out + '</tr></tbody></table>\n'
}

function link(place: Place, command: Command): string {
  return `<a href='${place.path(command.group, command.name)}'>${command.name}</a>`
}

function tableOf(rows: string): string {
  return `<table border="0" cellpadding="3" cellspacing="0" width="90%"><tbody>\n${rows}</tbody></table>\n\n`
}

/** The commands of a group; with one selected, its form beside them. */
function list(group: Command[], place: Place, selected: Command | null): string {
  const rows: string[] = []
  const count = selected === null ? group.length : max(group.length, formRows + 1)
  for (let i = 0; i < count; i++) {
    rows.push('<tr>\n')
    rows.push(`   <td width="10%">${i < group.length ? link(place, group[i]) : '&nbsp;'}</td>\n`)
    if (selected !== null) rows.push(besides(i, selected))
    rows.push('</tr>\n')
  }
  return tableOf(rows.join(''))
}

function besides(row: i32, selected: Command): string {
  if (row == 0) return `   <td align="left"><b>${selected.name}</b></td>\n`
  if (row == 1) {
    return `   <td valign="top" align="left" rowspan="${formRows}">\n               <form name="input" method="get">\n` +
      '                       <input type="text" name="arg"/>\n' +
      '                       <input type="submit" value="Submit"/>\n               </form>\n   </td>\n'
  }
  return row > formRows ? '   <td>&nbsp;</td>\n' : ''
}

function page(status: i32, reason: string, content: string): Page {
  const made = new Page(status, reason, '<html><head><title>vespid RPC Management Interface</title></head>' +
    `<body><h2 align="center">vespid: RPC Interface</h2>\n<center>\n${content}</center>\n</body></html>`)
  made.type = 'text/html'
  return made
}
