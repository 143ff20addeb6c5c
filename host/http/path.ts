import type { Request } from './request.ts'

/**
 * The file that the request's URI names (ngx_http_map_uri_to_path): `root` + URI, or `alias` in place of the location's prefix; an alias in a
 * regex location is the whole path. Returns a byte string.
 */
export function mapToPath(r: Request): string {
  const { alias } = r.location
  const base = r.location.root.evaluate(r)
  return alias === 0 ? base + r.uri : alias < 0 ? (r.addUriToAlias ? base + r.uri : base) : base + r.uri.slice(alias)
}
