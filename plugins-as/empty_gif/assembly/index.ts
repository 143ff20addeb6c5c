import { Request, Status, Where, content, Needs } from '@vespid/sdk'

/** One transparent pixel: the smallest GIF that every browser takes. */
const bytes: StaticArray<u8> = [
  0x47, 0x49, 0x46, 0x38, 0x39, 0x61, // GIF89a
  0x01, 0x00, 0x01, 0x00, 0x80, 0x01, 0x00, // 1 × 1, two colours, background 1
  0x00, 0x00, 0x00, 0xff, 0xff, 0xff, // black, white
  0x21, 0xf9, 0x04, 0x01, 0x00, 0x00, 0x01, 0x00, // colour 0 … transparent
  0x2c, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, // the image
  0x02, 0x02, 0x4c, 0x01, 0x00, // its one pixel
  0x3b,
]

const gif = new Uint8Array(bytes.length)
memory.copy(gif.dataStart, changetype<usize>(bytes), bytes.length)

/** Mon, 28 Sep 1970 06:00:00 GMT, the date that nginx gives the picture. */
const modified: i64 = 23349600

content('empty_gif', (r: Request): Status => {
  if (!r.hasMethod('GET') && !r.hasMethod('HEAD')) return Status.NotAllowed
  r.response.lastModified = modified
  return r.replyBytes(200, 'image/gif', gif)
}, Where.Location, Needs.Nothing)
