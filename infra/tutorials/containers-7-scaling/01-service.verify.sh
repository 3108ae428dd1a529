if [ "$(docker service inspect -f '{{.Spec.Mode.Replicated.Replicas}}' web 2> /dev/null)" = "" ]; then
    echo "There is no service named web yet."
    exit 1
fi
echo "The service web exists."
