//go:build !linux

package local

func memoryDir() string { return "" }
