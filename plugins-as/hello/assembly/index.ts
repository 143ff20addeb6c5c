import { Request, Status, content } from '@vespid/sdk'

// `location /hello { hello; }` answers every request with a greeting that names the path.
content('hello', (r: Request): Status => r.write('hello from ').writePath().write('\n').send(200, 'text/plain'))
