#!/bin/sh
docker-start
exec "$@"
