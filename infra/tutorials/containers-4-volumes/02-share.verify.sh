if [ "$(docker inspect -f '{{.State.Running}}' reader 2> /dev/null)" != true ]; then
    echo "The container reader does not run."
    exit 1
fi
if docker exec reader touch /notes/x 2> /dev/null; then
    echo "The reader can write. Mount its volume with :ro."
    exit 1
fi
if ! docker logs reader 2>&1 | grep -q .; then
    echo "The reader has read nothing yet."
    exit 1
fi
echo "One writes, the other reads."
