import { Json } from '@vespid/sdk/json'
import { LogLevel, Request, Status, Where, content, directive, fetch } from '@vespid/sdk'

class Conf { from: string = '' }

/** `weather_from URL;`: who is asked; the town is appended. */
directive<Conf>('weather_from', Where.Location, 1, (conf: Conf, args: string[]): string | null => {
  if (conf.from != '') return 'is duplicate'
  conf.from = args[1]
  return null
})

/** `weather;`: /weather/TOWN as a sentence, out of what another server says as JSON. */
content<Conf>('weather', (r: Request, conf: Conf): Status => {
  const town = r.path.substring(r.path.lastIndexOf('/') + 1)
  const answer = fetch(conf.from + encodeURIComponent(town), { headers: ['Accept: application/json'], timeout: 2000 })
  if (answer.status == 404) return Status.NotFound
  if (!answer.ok) {
    r.log(LogLevel.Error, answer.error == '' ? `the weather is answered with ${answer.status}` : answer.error)
    return Status.BadGateway
  }
  const weather = Json.parse(answer.text)
  if (weather === null) return Status.BadGateway
  const sky = weather.get('sky')
  const degrees = weather.get('degrees')
  if (sky === null || degrees === null) return Status.BadGateway
  return r.reply(200, 'text/plain', `${town}: ${sky.text}, ${degrees.toString()} degrees\n`)
})
