import { Request, SelectCall, select, variable, variable_prefix } from '@vespid/sdk'

/** What a visitor uses, told from User-Agent. */
function device(r: Request): string {
  const agent = r.header('user-agent')
  if (agent === null) return 'none'
  if (agent.includes('curl/') || agent.includes('Wget/')) return 'tool'
  if (agent.includes('bot') || agent.includes('Bot')) return 'bot'
  return agent.includes('Mobile') ? 'phone' : 'desktop'
}

/** The first language that the visitor prefers: `de` of `de-DE,de;q=0.9,en;q=0.8`. */
function language(r: Request): string | null {
  const accepted = r.header('accept-language')
  if (accepted === null) return null
  let end = 0
  while (end < accepted.length && (accepted.charCodeAt(end) | 32) >= 97 && (accepted.charCodeAt(end) | 32) <= 122) end++
  return end == 0 ? null : accepted.substring(0, end).toLowerCase()
}

// $visitor_device: once per request, whoever asks.
variable('visitor_device', (r: Request): string | null => device(r))
variable('visitor_language', (r: Request): string | null => language(r))

// $visitor_cookie_NAME: a family of variables; the rest of the name is given.
variable_prefix('visitor_cookie_', (r: Request, rest: string): string | null => r.cookie(rest))

// The same as selects, for routing scripts, `${@visitor.device}` in texts and `if (@visitor.language = fr)`. On SIP there is no request.
select('visitor.device', (s: SelectCall): string | null => s.hasRequest ? device(s.request) : s.fail())
select('visitor.language', (s: SelectCall): string | null => s.hasRequest ? language(s.request) : s.fail())
