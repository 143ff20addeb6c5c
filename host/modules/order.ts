/**
 * nginx's order of its standard modules (nginx.md §3.2), by which handlers and filters register; of one phase the last registered runs
 * first. Third-party plugins stand at 500: after every standard handler module and `headers`, before the late filters.
 */
export const moduleOrder = {
  core: 10, post_action: 15, log: 20, static: 40, gzip_static: 50, dav: 60, autoindex: 70, index: 80, random_index: 90, mirror: 100, try_files: 110,
  auth_request: 120, auth_basic: 130, access: 140, limit_conn: 150, limit_req: 160, realip: 170, geo: 180, map: 190, split_clients: 200,
  referer: 210, rewrite: 220, proxy: 240, memcached: 250, empty_gif: 260, stub_status: 300,
  range_header: 400, gzip: 410, postpone: 420, ssi: 430, charset: 440, sub_filter: 450, addition: 460, gunzip: 470, userid: 480, headers: 490, trailers: 490,
  plugin: 500,
  range_body: 910, not_modified: 920, slice: 930,
} as const
