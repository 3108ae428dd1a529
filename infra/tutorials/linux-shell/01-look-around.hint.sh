# $1: seconds since the step began. $2: exit code of the last command. $3: the last command.
if [ -e ~/practice ] && [ ! -d ~/practice ]; then
    echo '`~/practice` exists, and it is a file. Remove it first: `rm ~/practice`.'
elif [ "$1" -lt 60 ]; then
    echo '`mkdir` makes a directory. Its name comes behind it, after a space.'
else
    echo 'Type `mkdir ~/practice` and press Enter.'
fi
