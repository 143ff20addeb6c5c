/** Buffer methods that Node has always had and its types leave out: byte strings without the look-up of an encoding by name. */
interface Buffer {
  latin1Slice(start?: number, end?: number): string
  latin1Write(text: string, offset?: number, length?: number): number
}
