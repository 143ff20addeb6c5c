create table dispatcher (
  id integer primary key autoincrement,
  setid integer not null default 0,
  destination varchar(192) not null default '',
  flags integer not null default 0,
  priority integer not null default 0,
  attrs varchar(128) not null default '',
  description varchar(64) not null default ''
);
