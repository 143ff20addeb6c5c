import { Page, escape } from '@vespid/sdk/html'
import { Outcome } from './call'
import { Command, Parameter, groupsOf, ofGroup } from './catalog'
import { readable } from './result'
import { style } from './style'
import { Place } from './url'
import { quoted } from './words'

/** What all pages of one request have in common. */
export class Frame {
  /** The server's name and version. */
  version: string = ''
  /** Marks our style sheet for the browser, which takes no other. */
  nonce: string = ''
  token: string = ''
  /** Why commands that change the server are refused here; '' when they are not. */
  readOnly: string = ''

  constructor(readonly place: Place, readonly all: Command[]) {}
}

/** The overview. */
export function overview(frame: Frame): Page {
  const groups = groupsOf(frame.all)
  const out: string[] = ['<h1>Commands</h1>\n<ul class="commands">\n']
  for (let i = 0; i < groups.length; i++) {
    const commands = ofGroup(frame.all, groups[i])
    const names: string[] = []
    const shown = min(commands.length, 6)
    for (let k = 0; k < shown; k++) names.push(escape(commands[k].name.substring(groups[i].length + 1)))
    const more = commands.length > names.length ? `, … (${commands.length})` : ''
    out.push(`<li>${link(frame, groups[i])}<p>${names.join(', ')}${more}</p></li>\n`)
  }
  out.push('</ul>\n')
  return framed(frame, 200, 'OK', 'Commands', out.join(''))
}

/** A link to a group, or to a command of it. */
function link(frame: Frame, group: string, name: string = ''): string {
  return `<a href="${escape(frame.place.path(group, name))}">${escape(name.length == 0 ? group : name)}</a>`
}

/** The commands of the place's group. */
export function groupPage(frame: Frame): Page {
  const group = frame.place.group
  return framed(frame, 200, 'OK', group, `<h1>${escape(group)}</h1>\n${listOf(frame, group)}`)
}

function listOf(frame: Frame, group: string): string {
  const commands = ofGroup(frame.all, group)
  const out: string[] = ['<ul class="commands">\n']
  for (let i = 0; i < commands.length; i++) {
    const name = commands[i].name
    const about = commands[i].about
    const writes = commands[i].writes
    out.push(`<li>${link(frame, group, name)}${writes ? tag : ''}<p>${escape(about)}</p></li>\n`)
  }
  out.push('</ul>\n')
  return out.join('')
}

const tag = '<span class="tag">changes the server</span>'

/** A command with its form, and above it what became of a call, or null. */
export function commandPage(frame: Frame, command: Command, words: string[], outcome: Outcome | null): Page {
  const out: string[] = [`<h1>${escape(command.name)}${command.writes ? tag : ''}</h1>\n`]
  const form = command.form == command.name ? '' : `<code>${escape(command.form)}</code><br>`
  out.push(`<p class="usage">${form}${escape(command.about)}</p>\n`)
  if (outcome !== null) out.push(resultOf(frame, command, outcome))
  out.push(formOf(frame, command, words))
  const status = outcome === null ? 200 : outcome.status
  return framed(frame, status, outcome === null ? 'OK' : outcome.reason, command.name, out.join(''))
}

function resultOf(frame: Frame, command: Command, outcome: Outcome): string {
  if (outcome.status == 200) {
    const result = readable(outcome.result, command.isArray)
    return `<section class="result" aria-live="polite"><h2>Result</h2>\n${result}</section>\n`
  }
  const meant = escape(outcome.suggestion)
  return alert(`Error ${outcome.status}`, outcome.reason, meant.length == 0 ? '' : `Did you mean <code>${meant}</code>?`)
}

/** What went wrong, in words; `more` is HTML. */
function alert(title: string, text: string, more: string = ''): string {
  const second = more.length == 0 ? '' : `\n<p class="told">${more}</p>`
  return `<section class="result bad" role="alert"><h2>${escape(title)}</h2>\n<p class="told">${escape(text)}</p>${second}</section>\n`
}

/** The form: a labelled field for each parameter, or one for all. */
function formOf(frame: Frame, command: Command, words: string[]): string {
  if (command.writes && frame.readOnly.length > 0) return `<p class="usage">${escape(frame.readOnly)}</p>\n`
  const out: string[] = [`<form method="post" action="${escape(frame.place.path(command.group, command.name))}">\n`]
  out.push(`<input type="hidden" name="token" value="${frame.token}">\n`)
  const parameters = command.parameters
  if (command.open) out.push(lineField('arguments', words))
  for (let i = 0; i < parameters.length; i++) {
    const parameter = parameters[i]
    if (parameter.rest) {
      out.push(lineField(parameter.name, words.slice(i)))
      break
    }
    out.push(field(parameter, i < words.length ? words[i] : '', i == 0))
  }
  out.push('<button>Run</button>\n</form>\n')
  return out.join('')
}

/** Browsers are not to change or keep what is typed. */
const asTyped = ' autocapitalize="off" autocomplete="off" spellcheck="false"'

function field(parameter: Parameter, value: string, first: bool): string {
  const kind = parameter.type == 'int' ? 'whole number' : parameter.type == 'float' ? 'number' : ''
  const note = parameter.optional ? (kind.length > 0 ? `${kind}, optional` : 'optional') : kind
  return `<label>${escape(parameter.name)}${note.length == 0 ? '' : ` <small>${note}</small>`}` +
    `<input name="p" value="${escape(value)}"${first ? ' autofocus' : ''}${asTyped}></label>\n`
}

function lineField(name: string, words: string[]): string {
  return `<label>${escape(name)} <small>any number of them</small>` +
    `<input name="arg" value="${escape(quoted(words))}"${asTyped}></label>\n` +
    '<p class="hint">Separate them with blanks; put quotes around what holds blanks.</p>\n'
}

/** What went wrong, with the way on. */
export function problem(frame: Frame, status: i32, reason: string, text: string): Page {
  const group = frame.place.group
  const known = ofGroup(frame.all, group).length > 0
  const on = known
    ? `<h2>Commands of ${escape(group)}</h2>\n${listOf(frame, group)}`
    : `<p><a href="${escape(home(frame))}">All commands</a></p>\n`
  return framed(frame, status, reason, reason, alert(`${status} ${reason}`, text) + on)
}

/** The overview's address. */
function home(frame: Frame): string { return frame.place.root + '/' }

function framed(frame: Frame, status: i32, reason: string, title: string, content: string): Page {
  const out: string[] = ['<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n']
  out.push('<meta name="viewport" content="width=device-width, initial-scale=1">\n')
  out.push(`<title>${escape(title)} · RPC console</title>\n<style nonce="${frame.nonce}">${style}</style>\n`)
  out.push('</head>\n<body>\n')
  out.push(`<header><a href="${escape(home(frame))}">RPC console</a><span>${escape(frame.version)}</span></header>\n`)
  out.push('<div class="page">\n<nav aria-label="Groups"><ul>\n')
  const groups = groupsOf(frame.all)
  for (let i = 0; i < groups.length; i++) {
    const current = groups[i] == frame.place.group ? ' aria-current="true"' : ''
    const count = ofGroup(frame.all, groups[i]).length
    out.push(`<li><a href="${escape(frame.place.path(groups[i]))}"${current}>`)
    out.push(`${escape(groups[i])} <small>${count}</small></a></li>\n`)
  }
  out.push('</ul></nav>\n<main>\n')
  out.push(content)
  out.push('</main>\n</div>\n</body>\n</html>\n')
  return new Page(status, reason, out.join('')).sealed(`nonce-${frame.nonce}`)
}
