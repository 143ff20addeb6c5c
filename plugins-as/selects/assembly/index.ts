import { Follow, Select, SelectCall, select } from '@vespid/sdk'
import { Json } from '@vespid/sdk/json'
import { language } from './language'
import { argument } from './query'
import { payload } from './token'

// Read through selects of the server, so that SIP messages with these headers have them, too.
const authorization = Select.resolve('@msg.header.authorization')
const acceptLanguage = Select.resolve('@msg.header["accept-language"]')

const startsAtOne = 'indexes count from 1, or from the end with -1'

/** `@cookie.NAME`: the cookie's value as received; the first one of that name. */
select('cookie.*', (s: SelectCall): string | null => s.hasRequest ? s.request.cookie(s.text(0)) : s.fail(), Follow.Params, named)

/** `@query.NAME`, `@query.NAME[2]`: an argument of the query, decoded; the `n`th of that name, −1 being the last. */
select('query.*[n?]', (s: SelectCall): string | null => s.hasRequest ? argument(s.request.args, s.text(0), s.int(1, 1)) : s.fail(), Follow.Uri | Follow.Header, counted)

/** `@accept.language`, `@accept.language[2]`: the languages that the client takes, the best one first. */
select('accept.language[n?]', (s: SelectCall): string | null => {
  const list = acceptLanguage.get()
  return list === null ? null : language(list, s.int(0, 1))
}, Follow.Nothing, (s: SelectCall): string | null => s.has(0) && s.int(0) == 0 ? startsAtOne : null)

/** `@jwt.claim.NAME`: a claim of the bearer token as it says, NOT VERIFIED. Objects and lists are JSON. An error when there is a token that cannot be read. */
select('jwt.claim.*', (s: SelectCall): string | null => {
  const field = authorization.get()
  if (field === null || field.length < 7 || field.substr(0, 7).toLowerCase() != 'bearer ') return null
  const text = payload(field.substr(7).trim())
  if (text === null) return s.fail()
  const claims: Json | null = Json.parse(text)
  if (claims === null || !claims.isObject) return s.fail()
  const claim: Json | null = claims.get(s.text(0))
  if (claim === null || claim.isNull) return null
  return claim.isString ? claim.text : claim.toString()
}, Follow.Uri, named)

function named(s: SelectCall): string | null { return s.text(0) == '' ? 'the name is empty' : null }
function counted(s: SelectCall): string | null { return s.has(1) && s.int(1) == 0 ? startsAtOne : named(s) }
