#!/bin/busybox sh
# First process of the virtual machine: its root is the host's, read-only by 9p, under a layer in memory.
B=/bin/busybox
$B mount -t proc p /proc; $B mount -t sysfs s /sys; $B mount -t devtmpfs d /dev
for module in $($B cat /m/order); do $B insmod /m/$module || echo "insmod $module failed"; done
for word in $($B cat /proc/cmdline); do case $word in
  modules=*) MODULES=${word#modules=};; python=*) PYTHON=${word#python=};; repository=*) REPOSITORY=${word#repository=};;
  switches=*) export LANRAGE_KERNEL_SWITCHES=${word#switches=};;
esac; done
NINE=trans=virtio,version=9p2000.L,msize=512000
$B mount -t 9p -o ro,$NINE,cache=loose hostroot /ro || { echo "the host's root cannot be mounted"; $B poweroff -f; }
$B mount -t tmpfs -o size=60% t /rw; $B mkdir /rw/u /rw/w
$B mount -t overlay -o lowerdir=/ro,upperdir=/rw/u,workdir=/rw/w,index=off,metacopy=off o /new || { echo "overlay failed"; $B poweroff -f; }
K=$($B uname -r)
$B mkdir -p /new/lib/modules/$K /new/mnt/out
$B mount --bind /ro$MODULES/lib/modules/$K /new/lib/modules/$K
for folder in proc sys dev; do $B mount --move /$folder /new/$folder; done
$B mkdir -p /new/dev/pts /new/dev/shm
$B mount -t devpts x /new/dev/pts; $B mount -t tmpfs x /new/dev/shm; $B mount -t tmpfs x /new/run
$B mount -t 9p -o $NINE out /new/mnt/out
$B cat > /new/init.guest <<'G'
#!/bin/bash
echo "booted up=$(cut -d' ' -f1 /proc/uptime) kernel=$(uname -r)" >/mnt/out/boot
bash "$2/tests/kernel/guest.sh" "$1" "$2"
echo $? >/mnt/out/rc
sync; echo o >/proc/sysrq-trigger; sleep 60
G
# The first process itself must switch root: the kernel's modprobe helper follows the first process's root.
exec $B switch_root /new /bin/bash /init.guest "$PYTHON" "$REPOSITORY"
