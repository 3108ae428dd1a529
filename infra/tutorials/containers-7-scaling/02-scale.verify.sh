running=$(docker service ps -f desired-state=running --format '{{.CurrentState}}' web 2> /dev/null | grep -c '^Running')
if [ "$running" -lt 5 ]; then
    echo "$running tasks of web run; five are wanted."
    exit 1
fi
echo "Five tasks run."
