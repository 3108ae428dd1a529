case $(docker service inspect -f '{{.Spec.TaskTemplate.ContainerSpec.Env}}' web 2> /dev/null) in
    *EDITION=2*) ;;
    *) echo "The service web has not been updated yet."; exit 1 ;;
esac
for _ in $(seq 20); do
    running=$(docker service ps -f desired-state=running --format '{{.CurrentState}}' web | grep -c '^Running')
    [ "$running" -lt 5 ] || break
    sleep 1
done
if [ "$running" -lt 5 ]; then
    echo "$running tasks of web run; five are wanted."
    exit 1
fi
echo "Repaired and updated, without a moment in which nothing ran."
