import { createServer } from 'node:http';
import { health } from './health';

const port = Number(process.env.PORT ?? {{ cookiecutter.port }});
createServer((request, response) => health(request, response)).listen(port);
