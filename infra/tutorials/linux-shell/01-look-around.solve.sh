mkdir -p ~/practice
