package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
)

func tcp(serve func(net.Conn)) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err == nil, "listening")
	report("listening", listener.Addr())
	accept(listener, serve)
}

func unix() {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("compare-%d", os.Getpid()))
	listener, err := net.Listen("unix", path)
	check(err == nil, "listening")
	report("listening", path)
	accept(listener, echo)
}

func accept(listener net.Listener, serve func(net.Conn)) {
	for {
		connection, err := listener.Accept()
		check(err == nil, "accepting")
		go func() {
			serve(connection)
			connection.Close()
		}()
	}
}

func echo(connection net.Conn) {
	var buffer [1024]byte
	for {
		n, err := connection.Read(buffer[:])
		if err != nil {
			return
		}
		if _, err := connection.Write(buffer[:n]); err != nil {
			return
		}
	}
}

var responses = []byte(strings.Repeat(
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!", 64))

func http(connection net.Conn) {
	var buffer [1024]byte
	matched := 0
	for {
		n, err := connection.Read(buffer[:])
		if err != nil {
			return
		}
		requests := 0
		for _, b := range buffer[:n] {
			switch {
			case b == '\r' && (matched == 0 || matched == 2), b == '\n' && (matched == 1 || matched == 3):
				matched++
			case b == '\r':
				matched = 1
			default:
				matched = 0
			}
			if matched == 4 {
				requests++
				matched = 0
			}
		}
		if _, err := connection.Write(responses[:requests*len(responses)/64]); err != nil {
			return
		}
	}
}

// Each request, of 64 bytes, is answered by a goroutine of its own.
func perRequest(connection net.Conn) {
	var request [64]byte
	for {
		if _, err := io.ReadFull(connection, request[:]); err != nil {
			return
		}
		answered := make(chan error, 1)
		go func() {
			_, err := connection.Write(request[:])
			answered <- err
		}()
		if <-answered != nil {
			return
		}
	}
}

// Takes all that comes, and says how much that was.
func bulk(connection net.Conn) {
	buffer := make([]byte, 64*1024)
	total := uint64(0)
	for {
		n, err := connection.Read(buffer)
		total += uint64(n)
		if err != nil {
			break
		}
	}
	connection.Write(binary.LittleEndian.AppendUint64(nil, total))
}

func udp() {
	address := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	socket, err := net.ListenUDP("udp4", address)
	check(err == nil, "a socket")
	report("listening", socket.LocalAddr())
	var buffer [1024]byte
	for {
		n, from, err := socket.ReadFromUDPAddrPort(buffer[:])
		check(err == nil, "receiving")
		_, err = socket.WriteToUDPAddrPort(buffer[:n], from)
		check(err == nil, "sending")
	}
}
