// SPDX-License-Identifier: GPL-2.0
/*
 * Runs QEMU as a child and relays between it and the outside.
 *
 * Nothing may stay behind, however this process ends: RAM is an unlinked memory
 * file, all lines are socket pairs, and the kernel kills the child when its
 * parent dies. There is no file, no socket in a directory, no port.
 *
 * Lines, each a port of a virtio serial device that the init program finds by
 * its name: "job" tells it what to run and ends by end of file; "in", "out" and
 * "err" are the job's; "status" tells how far it is and the job's exit code. A
 * job on a terminal uses a virtio console instead of in, out, err, and "size" tells
 * the terminal's size, now and whenever it changes: a console has none. Output of
 * the kernel and QEMU goes to the log, which is shown if something goes wrong.
 *
 * A port blocks its writer inside the guest's kernel, so whatever comes out of
 * the machine is taken at once and buffered here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "ivshmem.h"
#include "machine.h"

#define ESCAPE		0x1d		/* Ctrl-] */
#define CHUNK		4096		/* a pipe that polls writable takes this */
#define BACKLOG_MAX	(64u << 20)
#define LOG_KEEP	(1u << 20)
#define LOG_TAIL_LINES	40
#define POWER_OFF_SECS	30
#define ARGS_MAX	(6 + 4 * (MACHINE_PSPS + LINES))	/* that qemu_exec() adds */
#define PSP_SLOT	0x10		/* the same ones, however many other devices */

enum line {
	LINE_LOG,		/* serial console */
	LINE_QEMU,		/* QEMU's own output */
	LINE_JOB,
	LINE_STATUS,
	LINE_IN,
	LINE_OUT,
	LINE_ERR,
	LINE_TTY,
	LINE_SIZE,
	LINES
};

static const char * const line_name[LINES] = {
	"log", "qemu", "job", "status", "in", "out", "err", "tty", "size",
};

struct buffer {
	char *data;
	size_t start;
	size_t end;
	size_t room;
};

struct machine {
	const struct machine_config *config;
	pid_t child;
	int signals;
	int fd[LINES];		/* our ends; -1: not there, or closed */
	int qemu_fd[LINES];	/* QEMU's ends, until it has been started */
	struct buffer out[LINES];	/* from the machine, by the line it came from */
	struct buffer in;		/* to the machine */
	struct buffer log;
	struct buffer status;
	bool in_done;		/* our standard input has ended */
	int log_file;
	bool resized;		/* our terminal; the machine does not know yet */
	bool booted;
	bool job_done;
	int job_code;
	uint64_t deadline;	/* ms; 0: none */
	struct termios terminal;
	bool terminal_raw;
};

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void complain(const char *format, ...)
{
	va_list args;

	fputs("box: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static size_t buffer_len(const struct buffer *buffer)
{
	return buffer->end - buffer->start;
}

static void buffer_add(struct buffer *buffer, const char *data, size_t len)
{
	if (buffer->room - buffer->end < len && buffer->start) {
		memmove(buffer->data, buffer->data + buffer->start, buffer_len(buffer));
		buffer->end -= buffer->start;
		buffer->start = 0;
	}
	if (buffer->room - buffer->end < len) {
		buffer->room = 2 * (buffer->end + len);
		buffer->data = realloc(buffer->data, buffer->room);
		if (!buffer->data) {
			complain("out of memory.");
			exit(MACHINE_EXIT_FAILED);
		}
	}
	memcpy(buffer->data + buffer->end, data, len);
	buffer->end += len;
}

static void buffer_drop(struct buffer *buffer, size_t len)
{
	buffer->start += len;
	if (buffer->start == buffer->end) {
		buffer->start = 0;
		buffer->end = 0;
	}
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/*
 * Write what can be written without waiting.
 * Return: whether the other side is still there.
 */
static bool buffer_write(struct buffer *buffer, int fd)
{
	while (buffer_len(buffer)) {
		struct pollfd writable = { .fd = fd, .events = POLLOUT };
		size_t len = buffer_len(buffer);
		ssize_t done;

		if (poll(&writable, 1, 0) != 1 || !(writable.revents & POLLOUT))
			return !(writable.revents & (POLLERR | POLLNVAL));
		done = write(fd, buffer->data + buffer->start, len < CHUNK ? len : CHUNK);
		if (done < 0)
			return errno == EAGAIN || errno == EINTR;
		buffer_drop(buffer, (size_t)done);
	}
	return true;
}

/* Kernel and QEMU messages: kept for later, perhaps shown, perhaps filed. */
static void log_add(struct machine *machine, const char *data, size_t len)
{
	buffer_add(&machine->log, data, len);
	if (buffer_len(&machine->log) > 2 * LOG_KEEP)
		buffer_drop(&machine->log, buffer_len(&machine->log) - LOG_KEEP);
	if (machine->config->verbose)
		buffer_add(&machine->out[LINE_LOG], data, len);
	if (machine->log_file >= 0 && write(machine->log_file, data, len) < 0) {
		complain("cannot write to %s: %s.", machine->config->log_path, strerror(errno));
		close_fd(&machine->log_file);
	}
}

static void log_show_tail(struct machine *machine)
{
	struct buffer *log = &machine->log;
	size_t from = log->end;
	int lines = 0;

	if (machine->config->verbose || !buffer_len(log))
		return;
	while (from > log->start && lines <= LOG_TAIL_LINES)
		if (log->data[--from] == '\n')
			lines++;
	if (from > log->start)
		from++;
	fprintf(stderr, "----- last lines of the box's console -----\n");
	fwrite(log->data + from, 1, log->end - from, stderr);
	fprintf(stderr, "-------------------------------------------\n");
}

/* The init program speaks in lines: "booted", then "exit CODE". */
static void status_add(struct machine *machine, const char *data, size_t len)
{
	struct buffer *status = &machine->status;
	char *newline;

	buffer_add(status, data, len);
	while (buffer_len(status)) {
		char *line = status->data + status->start;

		newline = memchr(line, '\n', buffer_len(status));
		if (!newline)
			return;
		*newline = 0;
		if (!strcmp(line, "booted")) {
			machine->booted = true;
		} else if (!strncmp(line, "exit ", 5)) {
			machine->job_done = true;
			machine->job_code = atoi(line + 5) & 0xff;
			machine->deadline = now_ms() + POWER_OFF_SECS * 1000;
		}
		buffer_drop(status, (size_t)(newline + 1 - line));
	}
}

/* Take what a line has for us. */
static void line_read(struct machine *machine, enum line line)
{
	char data[16 * CHUNK];
	ssize_t len;

	len = recv(machine->fd[line], data, sizeof(data), MSG_DONTWAIT);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0)
		close_fd(&machine->fd[line]);
	else if (line == LINE_LOG || line == LINE_QEMU)
		log_add(machine, data, (size_t)len);
	else if (line == LINE_STATUS)
		status_add(machine, data, (size_t)len);
	else
		buffer_add(&machine->out[line], data, (size_t)len);
}

/* Return: false if the user wants to leave. */
static bool input_read(struct machine *machine)
{
	char data[CHUNK];
	ssize_t len = read(STDIN_FILENO, data, sizeof(data));

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (len <= 0) {
		machine->in_done = true;
		return true;
	}
	if (machine->config->tty && memchr(data, ESCAPE, (size_t)len))
		return false;
	buffer_add(&machine->in, data, (size_t)len);
	return true;
}

static void input_write(struct machine *machine)
{
	int *fd = &machine->fd[machine->config->tty ? LINE_TTY : LINE_IN];

	if (*fd < 0) {
		buffer_drop(&machine->in, buffer_len(&machine->in));
		return;
	}
	buffer_write(&machine->in, *fd);
	if (machine->in_done && !buffer_len(&machine->in) && !machine->config->tty)
		shutdown(*fd, SHUT_WR);
}

static void job_write(struct machine *machine)
{
	const char *job = machine->config->job;
	size_t len = strlen(job);

	/* At once, so QEMU has it all before it could see the end. */
	while (len) {
		ssize_t done = send(machine->fd[LINE_JOB], job, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (done < 0)
			return;
		job += done;
		len -= (size_t)done;
	}
	shutdown(machine->fd[LINE_JOB], SHUT_WR);
}

static void terminal_setup(struct machine *machine)
{
	struct termios raw;

	if (!machine->config->tty || tcgetattr(STDIN_FILENO, &machine->terminal))
		return;
	raw = machine->terminal;
	cfmakeraw(&raw);
	if (!tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		machine->terminal_raw = true;
}

static void terminal_restore(struct machine *machine)
{
	if (machine->terminal_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &machine->terminal);
	machine->terminal_raw = false;
}

/* "ROWS COLUMNS", a line each time; 0 0 if the terminal does not know. */
static void size_write(struct machine *machine)
{
	struct winsize size = { 0 };
	char text[32];
	int len;

	machine->resized = false;
	if (machine->fd[LINE_SIZE] < 0)
		return;
	ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	len = snprintf(text, sizeof(text), "%u %u\n", size.ws_row, size.ws_col);
	/* A size that does not fit any more is followed by others. */
	if (send(machine->fd[LINE_SIZE], text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
	    errno != EAGAIN)
		close_fd(&machine->fd[LINE_SIZE]);
}

static bool line_wanted(const struct machine *machine, enum line line)
{
	switch (line) {
	case LINE_IN:
	case LINE_OUT:
	case LINE_ERR:
		return !machine->config->tty;
	case LINE_TTY:
	case LINE_SIZE:
		return machine->config->tty;
	default:
		return true;
	}
}

static int lines_open(struct machine *machine)
{
	int pair[2], size = 1 << 18;
	enum line line;

	for (line = 0; line < LINES; line++) {
		machine->fd[line] = -1;
		machine->qemu_fd[line] = -1;
	}
	for (line = 0; line < LINES; line++) {
		if (!line_wanted(machine, line))
			continue;
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
			return -1;
		/* Room for a whole job, see job_write(). */
		setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		machine->fd[line] = pair[0];
		machine->qemu_fd[line] = pair[1];
	}
	return 0;
}

static void lines_close_qemu_ends(struct machine *machine)
{
	enum line line;

	for (line = 0; line < LINES; line++)
		close_fd(&machine->qemu_fd[line]);
}

/* In the child. Returns only if it failed. */
static void qemu_exec(struct machine *machine)
{
	const struct machine_config *config = machine->config;
	const int *fd = machine->qemu_fd;
	char *args[ARGS_MAX];
	unsigned int count = 0, own = 0, i;
	enum line line;
	char **argv;
	int bad = 0;

#define ARG(...) (bad |= asprintf(&args[own++], __VA_ARGS__) < 0)
	ARG("-m");
	ARG("%zuM", config->memory_size >> 20);
	ARG("-object");
	ARG("memory-backend-file,id=ram,size=%zu,share=on,mem-path=/proc/self/fd/%d",
	    config->memory_size, config->memory_fd);
	for (i = 0; i < config->psps; i++) {
		ARG("-chardev");
		ARG("socket,id=psp%u,fd=%d", i, config->psp_fd[i]);
		ARG("-device");
		ARG("ivshmem-doorbell,vectors=%d,chardev=psp%u,addr=%x.0", IVSHMEM_VECTORS, i,
		    PSP_SLOT + i);
	}
	ARG("-device");
	ARG("virtio-serial-pci,id=ports,max_ports=%d", LINES + 1);
	for (line = 0; line < LINES; line++) {
		if (fd[line] < 0 || line == LINE_QEMU)
			continue;
		ARG("-chardev");
		ARG("socket,id=%s,fd=%d", line_name[line], fd[line]);
		ARG("%s", line == LINE_LOG ? "-serial" : "-device");
		if (line == LINE_LOG)
			ARG("chardev:%s", line_name[line]);
		else if (line == LINE_TTY)
			ARG("virtconsole,chardev=%s,nr=%d", line_name[line], line);
		else
			ARG("virtserialport,chardev=%s,name=box.%s,nr=%d",
			    line_name[line], line_name[line], line);
	}
#undef ARG
	while (config->argv[count])
		count++;
	argv = calloc(count + own + 1, sizeof(*argv));
	if (bad || !argv)
		return;
	memcpy(argv, config->argv, count * sizeof(*argv));
	memcpy(argv + count, args, own * sizeof(*argv));
	execvp(argv[0], argv);
}

static void qemu_child(struct machine *machine, pid_t parent)
{
	sigset_t none;
	enum line line;
	unsigned int i;
	int null;

	/* Ctrl-C is for us; our death is QEMU's, even if it came before this. */
	setsid();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTTIN, SIG_DFL);

	null = open("/dev/null", O_RDONLY);
	dup2(null, STDIN_FILENO);
	dup2(machine->qemu_fd[LINE_QEMU], STDOUT_FILENO);
	dup2(machine->qemu_fd[LINE_QEMU], STDERR_FILENO);
	for (line = 0; line < LINES; line++)
		if (machine->qemu_fd[line] >= 0)
			fcntl(machine->qemu_fd[line], F_SETFD, 0);
	fcntl(machine->config->memory_fd, F_SETFD, 0);
	for (i = 0; i < machine->config->psps; i++)
		fcntl(machine->config->psp_fd[i], F_SETFD, 0);
	qemu_exec(machine);
	dprintf(STDERR_FILENO, "%s: %s\n", machine->config->argv[0], strerror(errno));
}

static int qemu_start(struct machine *machine)
{
	pid_t parent = getpid();
	unsigned int i;

	machine->child = fork();
	if (!machine->child) {
		qemu_child(machine, parent);
		_exit(127);
	}
	lines_close_qemu_ends(machine);
	for (i = 0; i < machine->config->psps; i++)
		close(machine->config->psp_fd[i]);
	return machine->child < 0 ? -1 : 0;
}

/* Return: whether the child had ended by itself. */
static bool qemu_reap(struct machine *machine)
{
	if (machine->child <= 0 || waitpid(machine->child, NULL, WNOHANG) != machine->child)
		return false;
	machine->child = 0;
	return true;
}

static void qemu_kill(struct machine *machine)
{
	if (machine->child <= 0)
		return;
	kill(machine->child, SIGKILL);
	waitpid(machine->child, NULL, 0);
	machine->child = 0;
}

static void signals_setup(struct machine *machine)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	/* In the background there is no input, rather than a stopped box. */
	signal(SIGTTIN, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGQUIT);
	if (machine->config->tty)
		sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	machine->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Return: a signal that ends us, or 0. */
static int signals_read(struct machine *machine)
{
	struct signalfd_siginfo info;

	while (read(machine->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGWINCH)
			machine->resized = true;
		else if (info.ssi_signo != SIGCHLD)
			return (int)info.ssi_signo;
	return 0;
}

static int line_target(enum line line)
{
	return line == LINE_OUT || line == LINE_TTY ? STDOUT_FILENO : STDERR_FILENO;
}

/* Return: false if our standard output has been closed. */
static bool outputs_write(struct machine *machine)
{
	enum line line;

	for (line = 0; line < LINES; line++) {
		if (buffer_write(&machine->out[line], line_target(line)))
			continue;
		if (line_target(line) == STDOUT_FILENO)
			return false;
		buffer_drop(&machine->out[line], buffer_len(&machine->out[line]));
	}
	return true;
}

static int wait_ms(const struct machine *machine)
{
	uint64_t now = now_ms();

	if (!machine->deadline)
		return -1;
	if (now >= machine->deadline)
		return 0;
	return machine->deadline - now < 3600000 ? (int)(machine->deadline - now) : 3600000;
}

/*
 * Wait until there is something to do. The set is small and rebuilt each time:
 * simpler than to keep it up to date.
 */
static void wait_events(struct machine *machine, bool *input, bool *readable)
{
	struct pollfd set[2 * LINES + 4];
	unsigned int count = 0, first, i;
	enum line line, owner[LINES];
	int in = machine->fd[machine->config->tty ? LINE_TTY : LINE_IN];

	set[count++] = (struct pollfd) { .fd = machine->signals, .events = POLLIN };
	set[count++] = (struct pollfd) {
		.fd = machine->in_done || buffer_len(&machine->in) ? -1 : STDIN_FILENO,
		.events = POLLIN,
	};
	set[count++] = (struct pollfd) {
		.fd = buffer_len(&machine->in) ? in : -1,
		.events = POLLOUT,
	};
	for (line = 0; line < LINES; line++)
		if (buffer_len(&machine->out[line]))
			set[count++] = (struct pollfd) {
				.fd = line_target(line), .events = POLLOUT,
			};
	first = count;
	for (line = 0; line < LINES; line++)
		if (machine->fd[line] >= 0 && buffer_len(&machine->out[line]) < BACKLOG_MAX) {
			owner[count - first] = line;
			set[count++] = (struct pollfd) {
				.fd = machine->fd[line], .events = POLLIN,
			};
		}

	memset(readable, 0, LINES * sizeof(*readable));
	*input = false;
	if (poll(set, count, wait_ms(machine)) <= 0)
		return;
	*input = set[1].revents;
	for (i = first; i < count; i++)
		readable[owner[i - first]] = set[i].revents;
}

/* The machine has ended: bring out what it had said, without a deadline. */
static void drain(struct machine *machine)
{
	enum line line;

	for (line = 0; line < LINES; line++)
		while (machine->fd[line] >= 0) {
			struct pollfd rest = { .fd = machine->fd[line], .events = POLLIN };

			if (poll(&rest, 1, 0) != 1)
				break;
			line_read(machine, line);
		}
	for (line = 0; line < LINES; line++)
		while (buffer_len(&machine->out[line])) {
			struct pollfd writable = {
				.fd = line_target(line), .events = POLLOUT,
			};

			poll(&writable, 1, 100);
			if (signals_read(machine))
				return;
			if (!buffer_write(&machine->out[line], writable.fd))
				return;
		}
}

static int verdict(struct machine *machine)
{
	if (machine->job_done)
		return machine->job_code;
	complain(machine->booted ?
		 "the kernel died, or was switched off, before the command had ended." :
		 "the machine did not come up.");
	log_show_tail(machine);
	return MACHINE_EXIT_FAILED;
}

static int deadline_passed(struct machine *machine)
{
	qemu_kill(machine);
	drain(machine);
	terminal_restore(machine);
	if (machine->job_done) {
		complain("the command ended (exit code %d), the machine did not in %d seconds.",
			 machine->job_code, POWER_OFF_SECS);
		log_show_tail(machine);
		return MACHINE_EXIT_FAILED;
	}
	complain("still running after %u seconds, killed.", machine->config->timeout);
	log_show_tail(machine);
	return MACHINE_EXIT_TIMEOUT;
}

static int relay(struct machine *machine)
{
	bool input, readable[LINES];
	enum line line;
	int sig;

	for (;;) {
		wait_events(machine, &input, readable);
		sig = signals_read(machine);
		if (sig)
			return MACHINE_EXIT_SIGNAL + sig;
		if (machine->resized)
			size_write(machine);
		if (input && !input_read(machine))
			return MACHINE_EXIT_SIGNAL + SIGINT;
		input_write(machine);
		for (line = 0; line < LINES; line++)
			if (readable[line])
				line_read(machine, line);
		if (!outputs_write(machine))
			return MACHINE_EXIT_SIGNAL + SIGPIPE;
		if (qemu_reap(machine)) {
			drain(machine);
			terminal_restore(machine);
			return verdict(machine);
		}
		if (machine->deadline && now_ms() >= machine->deadline)
			return deadline_passed(machine);
	}
}

int machine_run(const struct machine_config *config)
{
	struct machine machine = { .config = config, .log_file = -1 };
	enum line line;
	int code;

	if (config->log_path) {
		machine.log_file = open(config->log_path,
					O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (machine.log_file < 0) {
			complain("cannot write to %s: %s.", config->log_path, strerror(errno));
			return MACHINE_EXIT_FAILED;
		}
	}
	signals_setup(&machine);
	if (lines_open(&machine) || machine.signals < 0 || qemu_start(&machine)) {
		complain("cannot start QEMU: %s.", strerror(errno));
		return MACHINE_EXIT_FAILED;
	}
	if (config->timeout)
		machine.deadline = now_ms() + 1000 * (uint64_t)config->timeout;
	terminal_setup(&machine);
	job_write(&machine);
	size_write(&machine);

	code = relay(&machine);

	qemu_kill(&machine);
	terminal_restore(&machine);
	for (line = 0; line < LINES; line++) {
		close_fd(&machine.fd[line]);
		free(machine.out[line].data);
	}
	free(machine.in.data);
	free(machine.log.data);
	free(machine.status.data);
	close_fd(&machine.log_file);
	close_fd(&machine.signals);
	return code;
}
