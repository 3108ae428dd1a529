if [ "$(podman logs alone 2> /dev/null)" != "no daemon needed" ]; then
    echo "Podman has no container named alone that printed its words."
    exit 1
fi
echo "It ran as a child of your command."
