import { Cidr } from '@vespid/sdk/cidr'

/**
 * A network in one of the forms of `allowed_ips`: ADDRESS, ADDRESS/LENGTH, or ADDRESS/MASK with the mask as an address;
 * null when it is none.
 */
export function parseNetwork(source: string): Cidr | null {
  const slash = source.indexOf('/')
  if (slash < 0) return Cidr.parse(source)
  const mask = Cidr.parse(source.substring(slash + 1))
  if (mask === null) return Cidr.parse(source)
  const network = Cidr.parse(source.substring(0, slash))
  if (network === null || network.family != mask.family) return null
  const length = prefix(mask.a) + prefix(mask.b) + prefix(mask.c) + prefix(mask.d)
  const made = Cidr.parse(`${source.substring(0, slash)}/${length}`)
  // A mask with holes is none.
  if (made === null) return null
  return made.maskA == mask.a && made.maskB == mask.b && made.maskC == mask.c && made.maskD == mask.d ? made : null
}

function prefix(word: u32): i32 { return <i32>popcnt(word) }
