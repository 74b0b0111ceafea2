// Package local runs PostgreSQL and Redis as child processes on 127.0.0.1, each
// with a free port and a throw-away directory of its own.
//
// The one idea is ownership. A [Server] belongs to the process that started it:
// Close ends it by its id and removes its directory. On Linux the kernel ends
// it too when that process is killed, and the directory that is then left
// behind is removed by the next start on the machine. Ports are never fixed and
// directories never shared, so that any number of owners run side by side.
//
// PostgreSQL refuses to run as root; a root owner runs both servers as the user
// nobody. The package needs a Unix system, and Linux for Freeze and Kill of
// PostgreSQL, which find the worker processes in /proc.
package local
